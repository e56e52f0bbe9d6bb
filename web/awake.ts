/** Keeps the machine awake while a run is under way, where the browser can. Knows no run. */
/// <reference lib="dom" />

let lock: WakeLockSentinel | undefined;
let wanted = false;

/** From now on the screen stays on, or may go off again. */
export async function stayAwake(on: boolean): Promise<void> {
  if (on === wanted) return;
  wanted = on;
  if (on) await take();
  else {
    await lock?.release();
    lock = undefined;
  }
}

/** Browsers take the lock away from hidden tabs, and refuse it where power is low: then the machine may sleep. */
async function take(): Promise<void> {
  if (!wanted || document.hidden || !("wakeLock" in navigator)) return;
  lock = await navigator.wakeLock.request("screen").catch(() => undefined);
}

document.addEventListener("visibilitychange", () => void take());
