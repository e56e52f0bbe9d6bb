"""EfficientNet-B0 (timm's) in PyTorch on the processor, channels last. Arguments: size, batch, steps."""

import json
import sys
import time

import timm
import torch

size, batch, steps = map(int, sys.argv[1:])
torch.manual_seed(0)
model = timm.create_model("efficientnet_b0", num_classes=2).train()
model = model.to(memory_format=torch.channels_last)
images = torch.randn(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
labels = torch.arange(batch) % 2
optimizer = torch.optim.Adam(model.parameters(), 1e-3)
seconds = []
for _ in range(steps + 1):
    start = time.perf_counter()
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seconds.append(time.perf_counter() - start)
first, others = seconds[0], sorted(seconds[1:])
median = others[len(others) // 2]
print(json.dumps({"img_per_s": batch / median, "first_step_s": first, "loss": loss.item()}))
