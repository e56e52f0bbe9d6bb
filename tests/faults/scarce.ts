/** Devices that run out of memory at a chosen allocation, and what is left of their buffers. Asserts nothing. */

/** What happened to buffers. */
export interface Allocations {
  /** Calls of `createBuffer`. */
  made: number;
  /** Buffers that were not destroyed. */
  readonly live: Set<GPUBuffer>;
}

type Scope = { readonly filter: GPUErrorFilter; error: GPUError | null };

/**
 * Runs `action` while the allocation of number `failing`, from 0, is refused as WebGPU has it: the buffer is invalid,
 * and the innermost scope that asks for it, else the device, hears that there is no memory left.
 */
export async function scarce(
  failing: number,
  action: (allocations: Allocations) => Promise<void>,
): Promise<Allocations> {
  const [device, buffer] = [GPUDevice.prototype, GPUBuffer.prototype];
  const { createBuffer, pushErrorScope, popErrorScope } = device;
  const { destroy } = buffer;
  const scopes: Scope[] = [];
  const allocations: Allocations = { made: 0, live: new Set() };
  device.pushErrorScope = function (filter) {
    scopes.push({ filter, error: null });
    return pushErrorScope.call(this, filter);
  };
  device.popErrorScope = async function () {
    const known = scopes.pop();
    const found = await popErrorScope.call(this);
    return known?.error ?? found;
  };
  device.createBuffer = function (descriptor) {
    const refused = allocations.made++ === failing;
    const made = refused ? invalid(this) : createBuffer.call(this, descriptor);
    allocations.live.add(made);
    if (!refused) return made;
    const error = new GPUOutOfMemoryError("Not enough memory left.");
    const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
    if (scope) scope.error ??= error;
    else this.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
    return made;
  };
  const invalid = (gpu: GPUDevice) => {
    pushErrorScope.call(gpu, "validation");
    const made = createBuffer.call(gpu, {
      size: 16,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE,
    });
    void popErrorScope.call(gpu);
    return made;
  };
  buffer.destroy = function () {
    allocations.live.delete(this);
    destroy.call(this);
  };
  try {
    await action(allocations);
  } finally {
    Object.assign(device, { createBuffer, pushErrorScope, popErrorScope });
    Object.assign(buffer, { destroy });
  }
  return allocations;
}
