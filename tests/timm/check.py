"""Loads exported weights into timm's own model and compares its logits with verity's. Started by check.ts.

Without arguments it says which versions it would use. With a model's name, an exported file and a file with
`images` [n, 3, h, w] and `logits` [n, classes] it prints one line of JSON.
"""

import json
import sys

try:
    import timm
    import torch
    from safetensors.torch import load_file
except ImportError as error:
    sys.exit(str(error))


def compare(name: str, weights: str, batch: str) -> dict:
    expected = load_file(batch)
    model = timm.create_model(name, num_classes=expected["logits"].shape[1])
    tensors = load_file(weights)
    model.load_state_dict(tensors, strict=True)
    model.eval()
    with torch.inference_mode():
        logits = model(expected["images"])
    return {
        "tensors": len(tensors),
        "largest": logits.abs().max().item(),
        "difference": (logits - expected["logits"]).abs().max().item(),
    }


if len(sys.argv) == 1:
    print(f"timm {timm.__version__}, PyTorch {torch.__version__}")
else:
    print(json.dumps(compare(*sys.argv[1:])))
