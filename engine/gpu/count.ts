/** A count of what code asks of any device: nothing is changed, calls are only counted. */

/** Calls since counting began, while `on`. */
export interface Calls {
  on: boolean;
  buffers: number;
  submits: number;
}

/** Counts buffers created and submits while `on`, by wrapping GPUDevice and GPUQueue for good. */
export function countCalls(): Calls {
  const calls = { on: false, buffers: 0, submits: 0 };
  const wrap = <K extends "createBuffer" | "submit">(
    prototype: Record<K, (...args: never[]) => unknown>,
    method: K,
    count: () => void,
  ) => {
    const original = prototype[method];
    prototype[method] = function (this: unknown, ...args: never[]) {
      if (calls.on) count();
      return original.apply(this, args);
    };
  };
  wrap(GPUDevice.prototype as never, "createBuffer", () => calls.buffers++);
  wrap(GPUQueue.prototype as never, "submit", () => calls.submits++);
  return calls;
}
