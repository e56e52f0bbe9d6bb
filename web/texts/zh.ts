/** The page in Chinese, but for what runs are about. */

import type { Texts } from "./texts.ts";
import { zhRuns } from "./zh_runs.ts";

/** Chinese, in simplified characters. */
export const zh: Texts = {
  language: "zh-CN",
  other: "English",
  skip: "跳到正文",
  steps: "步骤",
  notices: "提示",
  screens: {
    images: "图像",
    choices: "设置",
    training: "训练",
    results: "结果",
    predict: "预测",
  },
  darkTheme: "深色",
  footer: {
    privacy: "您的图像绝不会离开这台设备。",
    licences: "许可证",
    machine: (adapter) => `计算设备：${adapter}`,
    storage: (used, quota) => `此浏览器中已保存：${used} / ${quota}`,
  },
  update: {
    ready: "本页面有新版本。",
    load: "载入",
  },
  doing: {
    nothing: "就绪",
    reading: "正在读取文件……",
    preparing: "正在准备显卡：每次训练开始时需要片刻……",
    training: "正在训练",
    paused: "已暂停",
    stopping: "正在保存……",
    rebuilding: "与显卡的连接中断，正在从上次保存处继续……",
    looking: "正在查看图像……",
  },
  faults: {
    "no-webgpu":
      "此浏览器没有训练所需的 WebGPU。当前版本的 Chrome 和 Edge、Safari 26 起、Windows 上的 Firefox 141 起" +
      "以及 Apple 芯片上的 Firefox 145 起均已支持。",
    "no-adapter":
      "浏览器没有找到可用的显卡。请检查浏览器设置中是否开启了硬件加速，以及显卡驱动是否为最新版本。",
    "device-lost":
      "与显卡的连接中断，重试后再次中断：可能有其他程序占用显卡，或驱动已重新启动。上次保存之前的内容都还在：" +
      "请从那里继续，必要时减小批量。",
    memory:
      "模型、图像尺寸和批量合在一起超出了这块显卡的容量。请先减小批量，再减小图像或换用更小的模型。",
    quota: "浏览器不再给本页面分配空间。请删除不需要的训练记录或清理磁盘；无痕窗口的空间很小。",
    data: "这些图像无法直接使用。",
    weights: "这个权重文件无法使用。",
    options: "这些设置互相冲突。",
    diverged: "损失已不是数字：训练发散了。最后一次正常的保存仍在。请尝试更低的学习率。",
    busy: "另一项任务正在进行。请等待它完成或先停止它。",
    program: "发生了不该发生的错误：这是本页面的缺陷。",
  },
  details: "详情",
  close: "关闭",
  software: "浏览器在这里没有可用的显卡：一切由处理器计算，大约慢一百倍。小图像和小模型仍然可行。",
  hidden:
    "训练时此标签页曾被隐藏：浏览器会减慢隐藏的标签页。训练会继续，但保持可见（例如放在单独的窗口中）会更快。",
  unkept: "浏览器没有承诺保留本页面保存的内容：磁盘空间不足时可能会被清除。请下载您想保留的文件。",
  images: {
    title: "教这台设备分辨图像",
    lead:
      "给它几十张或几十万张图像，它就在这里学习：在这个标签页中，用您自己的显卡。任何内容都不会发送出去。",
    drop: "将文件夹或压缩包拖放到这里",
    layouts: "每个类别一个子文件夹的文件夹，带标签文件的 FFDI 文件夹，或者它们的 zip、tar 压缩包。",
    folder: "选择文件夹",
    archive: "选择压缩包",
    demo: {
      label: "手边没有图像？",
      help: "使用生成的人像，其中一半经过篡改。它们就在此标签页中生成。",
      use: "使用演示数据",
    },
    camera: {
      label: "有摄像头？",
      help: "给两种东西拍照，让它学会区分。",
      use: "使用摄像头",
    },
    reading: "正在读取并检查每一张图像……",
    empty: "拖放的内容中没有文件。",
    opened: "您的图像",
    classes: "类别",
    counts: (train, validation) => `${train} 张用于学习，${validation} 张用于检验`,
    share: (percent) => `占学习图像的 ${percent}`,
    thumbnail: (name) => `类别 ${name} 的一张图像`,
    notes: "读取说明",
    leftOut: (count) => `未使用：${count}`,
    file: "文件",
    reason: "原因",
    next: "选择训练方式",
    again: "换用其他图像",
  },
  runs: {
    title: "此浏览器中的训练",
    unfinished: (model, epoch, epochs, when) =>
      `${model}：已完成 ${epochs} 轮中的 ${epoch} 轮，保存于${when}。`,
    finished: (model, auc, when) => `${model}：已完成，AUC ${auc}，保存于${when}。`,
    from: (source, size) => `图像：${source}。占用空间 ${size}。`,
    proceed: "继续",
    look: "结果",
    remove: "删除",
    removing: (run) => `删除 ${run} 以及它学到的一切？`,
    needsImages: (source) =>
      `要继续训练，请再次提供相同的图像（${source}）：浏览器不允许擅自读取它们。`,
    giveUp: "不继续",
  },
  cameraTitle: "用摄像头建立两个类别",
  cameraLead: "为两种东西命名，并从各个角度给每种拍二十张以上的照片。",
  cameraName: "类别名称",
  cameraClass: (number) => `类别 ${number}`,
  cameraTake: "拍一张",
  cameraTaken: (name, count) => `${name}：已拍 ${count} 张`,
  cameraUse: "使用这些照片",
  cameraNeeds: "每个类别至少需要五张照片，并且需要两个名称。",
  cameraRefused: "浏览器没有提供摄像头：没有摄像头、正被其他程序使用，或未获允许。",
  cameraView: "摄像头画面",
  cancel: "取消",
  ...zhRuns,
  duration: (seconds) => {
    const minutes = Math.round(seconds / 60);
    if (seconds < 100) return `${Math.round(seconds)} 秒`;
    return minutes < 100 ? `${minutes} 分钟` : `${Math.round(minutes / 60)} 小时`;
  },
};
