"""Times PyTorch on a recipe's shape: transformers' DeepseekV3, grouped experts, fused AdamW, random tokens.

Prints "key value" lines like `fathom train --bench`, so that tools/compare_train.sh can set the two side by side.
Development only: nothing that is built, run or tested needs it.

    python oracle/bench_torch.py recipes/bench-peer.yaml --precision bf16 --seconds 15
"""
import argparse
import statistics
import time

import torch
import yaml
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM


def shape(path):
    """The model and the first stage of a recipe, as a transformers config, rows and sequence."""
    recipe = yaml.safe_load(open(path))
    fields = dict(recipe["model"]["inline"])
    fields.pop("num_nextn_predict_layers", None)  # transformers trains no MTP: ours is timed without it too
    fields.setdefault("vocab_size", 6144)
    fields.setdefault("n_group", 1)
    fields.setdefault("topk_group", 1)
    fields["num_key_value_heads"] = fields["num_attention_heads"]
    stage = recipe["stages"][0]
    sequence = stage.get("sequence", 512)
    return DeepseekV3Config(**fields), stage.get("batch_tokens", 8 * sequence) // sequence, sequence


def peak(precision):
    """GFLOP/s of a 1024^3 product, best of six."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = torch.randn(1024, 1024, dtype=kind), torch.randn(1024, 1024, dtype=kind)
    best = 1e30
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best * 1e-9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=15)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config, rows, sequence = shape(args.recipe)
    config._attn_implementation = "sdpa"
    try:  # experts as grouped products: the fastest form transformers has on a CPU
        config._experts_implementation = "grouped_mm"
        model = DeepseekV3ForCausalLM(config)
    except (ValueError, KeyError):
        config._experts_implementation = None
        model = DeepseekV3ForCausalLM(config)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    tokens = torch.randint(0, config.vocab_size, (rows, sequence))
    times, begun = [], time.perf_counter()
    for i in range(400):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.precision == "bf16"):
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        if i >= 1:
            times.append(time.perf_counter() - start)
        if len(times) >= 3 and time.perf_counter() - begun > args.seconds:
            break
    median = statistics.median(times)
    print(f"parameters_millions {sum(p.numel() for p in model.parameters()) * 1e-6:.2f}")
    print(f"batch {rows} x {sequence}\nthreads {torch.get_num_threads()}\nprecision {args.precision}\nsteps {len(times)}")
    print(f"seconds_per_step_median {median:.4f}\nseconds_per_step_best {min(times):.4f}")
    print(f"tokens_per_second {rows * sequence / median:.1f}\npeak_gflops {peak(args.precision):.1f}")
    print(f"torch {torch.__version__}")


if __name__ == "__main__":
    main()
