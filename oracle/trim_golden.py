#!/usr/bin/env python3
"""Makes tests/golden from the full golden folders: weights, ids, logits, losses and gradients of three models, so
that a clone anywhere checks the mathematics. Hidden states, greedy continuations and tokenizers stay behind.

usage: oracle/trim_golden.py GOLDEN_FOLDER OUT_FOLDER
"""
import pathlib
import shutil
import sys

from safetensors.numpy import load_file, save_file

FOLDERS = ["deepseek_v2-lite", "deepseek_v3-full", "deepseek_v3-mtp"]
KEPT = {"input_ids", "logits", "mtp_logits", "loss", "loss_main", "loss_mtp", "losses10"}
LIMIT_BYTES = 12 << 20


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    source, target = map(pathlib.Path, sys.argv[1:])
    for name in FOLDERS:
        out = target / name
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted((source / name).iterdir()):
            if file.name in ("config.json", "meta.json") or file.name.startswith("model"):
                shutil.copyfile(file, out / file.name)
        tensors = load_file(source / name / "expected.safetensors")
        kept = {k: v for k, v in tensors.items() if k in KEPT or k.startswith("grad.")}
        save_file(kept, out / "expected.safetensors")
    size = sum(f.stat().st_size for f in target.rglob("*") if f.is_file())
    print(f"{target}: {size / (1 << 20):.2f} MiB")
    return size > LIMIT_BYTES


if __name__ == "__main__":
    sys.exit(main())
