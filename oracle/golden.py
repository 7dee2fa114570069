"""golden.py: golden folders from an independent implementation (Hugging Face transformers, PyTorch autograd).

A golden folder holds a small random model and what the reference says of it: logits, hidden states, a greedy
continuation, the loss, every gradient and ten AdamW steps. `make` writes such folders at any size and seed, `check`
recomputes the numbers of an existing folder from its weights and compares, which is how this script is itself tested.

    python3 oracle/golden.py make OUT/deepseek_v3-odd --seed 3 --heads 5 --hidden 60 --experts 16 --layers 4
    python3 oracle/golden.py make OUT/deepseek_v3-balance --balance-of OUT/deepseek_v3-odd
    python3 oracle/golden.py check ../shared/data/golden/deepseek_v3-full

The folder's base name starts with the family, deepseek_v3 or deepseek_v2. meta.json says what each tensor is.
"""

import argparse
import json
import os
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import DeepseekV2Config, DeepseekV2ForCausalLM, DeepseekV3Config, DeepseekV3ForCausalLM
from transformers import __version__ as transformers_version
from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3DecoderLayer, DeepseekV3RMSNorm

ADAMW = {
    "lr": 0.002,
    "betas": [0.9, 0.95],
    "eps": 1e-08,
    "weight_decay": "0.1 on tensors of 2 or more dimensions, as transformers holds them; 0 on others",
    "clip_global_norm": 1.0,
}
MTP_WEIGHT = 0.3
PROMPT, CONTINUATION = 17, 24
NOTE = (
    "input_ids [B,T]; logits [B,T,V] f32; hidden.0 embedding, hidden.i after block i, the last one after the final "
    "norm; greedy [B,24]: greedy continuation of input_ids[:, :17]; greedy_margin: best minus second logit at each "
    "of those steps; loss: mean next-token cross-entropy over B(T-1) positions; grad.<tensor>: its gradient; "
    "losses10: the losses before each of ten AdamW steps on the same batch"
)
MTP_NOTE = (
    "One MTP module stored as layer num_hidden_layers (enorm, hnorm, eh_proj, block, shared_head; embed_tokens and "
    "shared_head.head are copies of the shared tensors). x_i = eh_proj([enorm(Emb(t_{i+1})); hnorm(h_i)]) with h_i "
    "AFTER the model's final norm, RoPE position i; mtp_logits [B,T-1,V]: row i predicts t_{i+2} (last row has no "
    "target); loss_main mean over B(T-1), loss_mtp mean over B(T-2), loss = loss_main + 0.3 loss_mtp; grad.* and "
    "losses10 of that loss (AdamW as in the other cases; shared tensors counted once)"
)
BALANCE_NOTE = (
    "Sequence-wise balance loss: balance [MoE layers, B] = sum_i f_i P_i per sequence; loss = cross-entropy + alpha * "
    "sum over layers of the mean over sequences; load [layers, experts] tokens chosen in the batch; bias_after = "
    "bias_before + gamma*sign(mean load - load)"
)


class MtpModule(nn.Module):
    """One multi-token prediction module in the form of the published checkpoints."""

    def __init__(self, config):
        super().__init__()
        hidden, eps = config.hidden_size, config.rms_norm_eps
        self.enorm = DeepseekV3RMSNorm(hidden, eps)
        self.hnorm = DeepseekV3RMSNorm(hidden, eps)
        self.eh_proj = nn.Linear(2 * hidden, hidden, bias=False)
        self.block = DeepseekV3DecoderLayer(config, config.num_hidden_layers)
        self.norm = DeepseekV3RMSNorm(hidden, eps)

    def forward(self, model, ids, final_hidden):
        x = torch.cat([self.enorm(model.model.embed_tokens(ids[:, 1:])), self.hnorm(final_hidden[:, :-1])], -1)
        x = self.eh_proj(x)
        length = x.shape[1]
        positions = torch.arange(length)[None]
        mask = torch.full((length, length), float("-inf")).triu(1)[None, None]
        x = self.block(
            x,
            attention_mask=mask,
            position_ids=positions,
            position_embeddings=model.model.rotary_emb(x, positions),
        )
        return model.lm_head(self.norm(x[0] if isinstance(x, tuple) else x))


class Case:
    """A model, its optional MTP module, and the names under which a checkpoint stores their tensors."""

    def __init__(self, config_json):
        known = {k: v for k, v in config_json.items() if k not in ("torch_dtype", "quantization_config")}
        self.v3 = config_json["model_type"] == "deepseek_v3"
        kind, cls = (
            (DeepseekV3Config, DeepseekV3ForCausalLM) if self.v3 else (DeepseekV2Config, DeepseekV2ForCausalLM)
        )
        self.json = config_json
        self.config = kind(**known)
        self.config._attn_implementation = "eager"
        self.config._experts_implementation = "eager"  # the grouped product refuses odd strides
        self.model = cls(self.config).eval()
        self.mtp = MtpModule(self.config).eval() if config_json.get("num_nextn_predict_layers") else None
        self.tied = config_json["tie_word_embeddings"]

    def _module_names(self):
        yield from (("", self.model),)
        if self.mtp is not None:
            yield (f"model.layers.{self.config.num_hidden_layers}.", self.mtp)

    @staticmethod
    def _stored_name(prefix, name):
        if prefix and name.startswith("block."):
            return prefix + name[len("block.") :]
        if prefix and name == "norm.weight":
            return prefix + "shared_head.norm.weight"
        return prefix + name

    def tensors(self, of=lambda tensor: tensor):
        """Checkpoint name -> of(tensor), experts taken apart, tied tensors once."""
        out, seen = {}, set()
        for prefix, module in self._module_names():
            for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                if "inv_freq" in name or id(tensor) in seen or (self.tied and name == "lm_head.weight"):
                    continue
                seen.add(id(tensor))
                value, name = of(tensor), self._stored_name(prefix, name)
                if value is None:
                    continue
                stem = name.rsplit(".", 1)[0]
                if name.endswith("experts.gate_up_proj"):
                    for e in range(value.shape[0]):
                        gate, up = value[e].chunk(2, 0)
                        out[f"{stem}.{e}.gate_proj.weight"], out[f"{stem}.{e}.up_proj.weight"] = gate, up
                elif name.endswith("experts.down_proj"):
                    for e in range(value.shape[0]):
                        out[f"{stem}.{e}.down_proj.weight"] = value[e]
                else:
                    out[name] = value
        return {name: tensor.detach().clone().contiguous() for name, tensor in out.items()}

    def load(self, stored):
        with torch.no_grad():
            for prefix, module in self._module_names():
                for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                    name = self._stored_name(prefix, name)
                    if "inv_freq" in name or (self.tied and name == "lm_head.weight"):
                        continue
                    stem = name.rsplit(".", 1)[0]
                    if name.endswith("experts.gate_up_proj"):
                        parts = [
                            torch.cat([stored[f"{stem}.{e}.{half}_proj.weight"] for half in ("gate", "up")])
                            for e in range(tensor.shape[0])
                        ]
                        tensor.copy_(torch.stack(parts))
                    elif name.endswith("experts.down_proj"):
                        tensor.copy_(
                            torch.stack([stored[f"{stem}.{e}.down_proj.weight"] for e in range(tensor.shape[0])])
                        )
                    else:
                        tensor.copy_(stored[name])

    def randomise(self, seed):
        """Norm weights away from 1 and router biases away from 0, so that forgetting either shows."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for _, module in self._module_names():
                for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
                    if "inv_freq" in name:
                        continue
                    noise = torch.randn(tensor.shape, generator=generator)
                    if "norm" in name:
                        tensor.copy_(1 + 0.2 * noise)
                    elif name.endswith("e_score_correction_bias"):
                        tensor.copy_(0.1 * noise)
                    else:
                        tensor.copy_(self.config.initializer_range * noise)

    def parameters(self):
        modules = [module for _, module in self._module_names()]
        return list({id(p): p for module in modules for p in module.parameters()}.values())


def cross_entropy(logits, targets):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), targets.reshape(-1))


def losses(case, ids):
    """(total, extras): the training loss, and the tensors that a forward pass gives."""
    out = case.model(ids, output_hidden_states=True, use_cache=False)
    tensors = {f"hidden.{i}": h for i, h in enumerate(out.hidden_states)}
    tensors["logits"] = out.logits
    main = cross_entropy(out.logits[:, :-1], ids[:, 1:])
    if case.mtp is None:
        return main, tensors
    mtp_logits = case.mtp(case.model, ids, out.hidden_states[-1])
    mtp = cross_entropy(mtp_logits[:, :-1], ids[:, 2:])
    keep = {"logits": out.logits, "mtp_logits": mtp_logits, "loss_main": main, "loss_mtp": mtp}
    return main + MTP_WEIGHT * mtp, keep


@torch.no_grad()
def greedy(case, ids):
    context, tokens, margins = ids[:, :PROMPT], [], []
    for _ in range(CONTINUATION):
        best = case.model(context, use_cache=False).logits[:, -1].topk(2)
        tokens.append(best.indices[:, :1])
        margins.append((best.values[:, 0] - best.values[:, 1])[:, None])
        context = torch.cat([context, tokens[-1]], 1)
    return torch.cat(tokens, 1), torch.cat(margins, 1)


def ten_steps(case, ids):
    parameters = case.parameters()
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=ADAMW["lr"], betas=ADAMW["betas"], eps=ADAMW["eps"])
    values = []
    for _ in range(10):
        optimizer.zero_grad()
        loss, _ = losses(case, ids)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, ADAMW["clip_global_norm"])
        optimizer.step()
        values.append(loss.item())
    return torch.tensor(values)


def expected_tensors(case, ids, training=True):
    """Everything expected.safetensors holds. Leaves the weights changed by ten_steps."""
    loss, tensors = losses(case, ids)
    out = {name: tensor.detach().float().clone().contiguous() for name, tensor in tensors.items()}
    out["input_ids"] = ids
    if case.mtp is None:
        out["greedy"], out["greedy_margin"] = greedy(case, ids)
    if training:
        loss.backward()
        out["loss"] = loss.detach()
        zero = lambda p: (torch.zeros_like(p) if p.grad is None else p.grad) if p.requires_grad else None
        out |= {f"grad.{name}": grad for name, grad in case.tensors(zero).items()}
        out["losses10"] = ten_steps(case, ids)
    return {name: t.reshape(1) if t.dim() == 0 else t.contiguous() for name, t in out.items()}


def balance_tensors(case, ids, alpha, gamma):
    routed, handles = [], []
    gates = [m for name, m in case.model.named_modules() if name.endswith("mlp.gate")]
    for gate in gates:
        handles.append(gate.register_forward_hook(lambda _m, _i, out: routed.append((out[0], out[2]))))
    main = cross_entropy(case.model(ids, use_cache=False).logits[:, :-1], ids[:, 1:])
    for handle in handles:
        handle.remove()
    batch, length = ids.shape
    experts, chosen = case.config.n_routed_experts, case.config.num_experts_per_tok
    balance, load = [], []
    for logits, indices in routed:
        scores = logits.sigmoid() if case.v3 else logits.softmax(-1)
        share = (scores / scores.sum(-1, keepdim=True)).view(batch, length, experts).mean(1)
        hits = F.one_hot(indices, experts).sum(1).view(batch, length, experts).sum(1).float()
        balance.append((hits * experts / (chosen * length) * share).sum(-1))
        load.append(hits.sum(0))
    balance, load = torch.stack(balance), torch.stack(load)
    loss = main + alpha * balance.mean(1).sum()
    loss.backward()
    zero = lambda p: (torch.zeros_like(p) if p.grad is None else p.grad) if p.requires_grad else None
    out = {f"grad.{name}": grad for name, grad in case.tensors(zero).items()}
    out |= {"input_ids": ids, "balance": balance.detach(), "load": load, "loss": loss.detach().reshape(1)}
    out["loss_main"] = main.detach().reshape(1)
    if case.v3:
        out["bias_before"] = torch.stack([g.e_score_correction_bias for g in gates])
        out["bias_after"] = out["bias_before"] + gamma * torch.sign(load.mean(1, keepdim=True) - load)
    return {name: t.contiguous() for name, t in out.items()}


def dequantise(stored):
    """Block-scaled e4m3 (128 x 128, weight_scale_inv) and bf16 to f32."""
    out = {}
    for name, tensor in stored.items():
        if name.endswith("_scale_inv"):
            continue
        scale = stored.get(name + "_scale_inv")
        tensor = tensor.float()
        if scale is not None:
            big = scale.repeat_interleave(128, 0).repeat_interleave(128, 1)
            tensor = tensor * big[: tensor.shape[0], : tensor.shape[1]]
        out[name] = tensor
    return out


def quantise(name, tensor):
    """(e4m3 bytes, scales) for the matrices that published fp8 checkpoints quantise, else None."""
    matrix = tensor.dim() == 2 and name.endswith("_proj.weight") or name.endswith("_with_mqa.weight")
    if not matrix or "eh_proj" in name:
        return None
    rows, columns = tensor.shape
    scale = torch.empty((rows + 127) // 128, (columns + 127) // 128)
    out = torch.empty_like(tensor, dtype=torch.float8_e4m3fn)
    for i in range(scale.shape[0]):
        for j in range(scale.shape[1]):
            block = tensor[i * 128 : i * 128 + 128, j * 128 : j * 128 + 128]
            scale[i, j] = block.abs().max().clamp(min=1e-12) / 448
            out[i * 128 : i * 128 + 128, j * 128 : j * 128 + 128] = (block / scale[i, j]).to(torch.float8_e4m3fn)
    return out, scale


def stored_form(tensors, store):
    if store == "float32":
        return tensors
    out = {}
    for name, tensor in tensors.items():
        pair = quantise(name, tensor) if store == "fp8" else None
        if pair is not None:
            out[name], out[name + "_scale_inv"] = pair
        else:
            out[name] = tensor if name.endswith("e_score_correction_bias") else tensor.bfloat16()
    return out


def read_weights(folder):
    index = os.path.join(folder, "model.safetensors.index.json")
    if not os.path.exists(index):
        return load_file(os.path.join(folder, "model.safetensors"))
    stored = {}
    with open(index, encoding="utf-8") as f:
        for shard in sorted(set(json.load(f)["weight_map"].values())):
            stored |= load_file(os.path.join(folder, shard))
    return stored


def read_case(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        case = Case(json.load(f))
    case.load(dequantise(read_weights(folder)))
    return case


def config_json(args, family):
    v3 = family == "deepseek_v3"
    yarn = None
    if args.yarn:
        m = 1.0 if v3 else 0.707
        yarn = {"beta_fast": 32.0, "beta_slow": 1.0, "factor": args.yarn, "mscale": m, "mscale_all_dim": m}
        yarn |= {"original_max_position_embeddings": args.yarn_original, "rope_type": "yarn", "type": "yarn"}
    experts_json = {
        "moe_intermediate_size": args.moe_intermediate,
        "n_routed_experts": args.experts,
        "n_shared_experts": args.shared,
        "num_experts_per_tok": args.top_k,
        "n_group": args.groups,
        "topk_group": args.topk_group,
        "first_k_dense_replace": args.dense,
        "norm_topk_prob": v3,
        "routed_scaling_factor": args.scaling,
        "scoring_func": "sigmoid" if v3 else "softmax",
        "topk_method": "noaux_tc" if v3 else "group_limited_greedy" if args.groups > 1 else "greedy",
        "moe_layer_freq": 1,
    }
    return {
        "architectures": ["DeepseekV3ForCausalLM" if v3 else "DeepseekV2ForCausalLM"],
        "model_type": family,
        "vocab_size": args.vocab,
        "hidden_size": args.hidden,
        "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads,
        "num_key_value_heads": args.heads,
        "q_lora_rank": args.q_lora or None,
        "kv_lora_rank": args.kv_lora,
        "qk_nope_head_dim": args.nope,
        "qk_rope_head_dim": args.rope,
        "v_head_dim": args.v_dim,
        "intermediate_size": args.intermediate,
        **experts_json,
        "num_nextn_predict_layers": 1 if args.mtp else 0,
        "hidden_act": "silu",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rms_norm_eps": 1e-06,
        "rope_theta": 10000.0,
        "rope_interleave": True,
        "rope_scaling": yarn,
        "max_position_embeddings": int(args.yarn * args.yarn_original) if args.yarn else 4096,
        "tie_word_embeddings": args.tied,
        "initializer_range": args.init_range,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": None,
        "use_cache": True,
        "torch_dtype": "float32" if args.store == "float32" else "bfloat16",
        "aux_loss_alpha": 0.001,
        "seq_aux": True,
        "transformers_version": transformers_version,
    }


def write_folder(folder, meta, expected, config=None, weights=None):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "meta.json"), "w", encoding="utf-8") as f:
        json.dump(meta, f, indent=1)
    save_file(expected, os.path.join(folder, "expected.safetensors"))
    if config is not None:
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
            json.dump(config, f, indent=2)
        save_file(weights, os.path.join(folder, "model.safetensors"), {"format": "pt"})


def random_ids(args, vocab):
    generator = torch.Generator().manual_seed(args.seed + 1000)
    return torch.randint(0, vocab, (args.batch, args.length), generator=generator)


def make(args):
    torch.manual_seed(args.seed)
    name = os.path.basename(os.path.normpath(args.folder))
    versions = {"seed": args.seed, "transformers": transformers_version, "torch": torch.__version__}
    if args.balance_of:
        case = read_case(args.balance_of)
        expected = balance_tensors(case, random_ids(args, case.config.vocab_size), args.alpha, args.gamma)
        model = os.path.basename(os.path.normpath(args.balance_of))
        meta = {"case": name, "model": model, "alpha": args.alpha, "gamma": args.gamma, "note": BALANCE_NOTE}
        return write_folder(args.folder, meta | versions, expected)
    family = name.split("-")[0]
    if family not in ("deepseek_v3", "deepseek_v2"):
        sys.exit(f"{args.folder}: the folder's name must begin with deepseek_v3- or deepseek_v2-")
    config = config_json(args, family)
    case = Case(config)
    case.randomise(args.seed)
    weights = stored_form(case.tensors(), args.store)
    case.load(dequantise(weights))
    if args.mtp:
        layer = f"model.layers.{args.layers}."
        embedding = weights["model.embed_tokens.weight"]
        weights[layer + "embed_tokens.weight"] = embedding.clone()
        weights[layer + "shared_head.head.weight"] = weights.get("lm_head.weight", embedding).clone()
    if args.store == "fp8":
        config["quantization_config"] = {"activation_scheme": "dynamic", "fmt": "e4m3", "quant_method": "fp8"}
        config["quantization_config"]["weight_block_size"] = [128, 128]
    expected = expected_tensors(case, random_ids(args, args.vocab), args.store == "float32")
    count = sum(p.numel() for p in case.parameters())
    meta = {"case": name, **versions, "parameters": count, "note": MTP_NOTE if args.mtp else NOTE}
    if args.store == "float32":
        meta["adamw"] = ADAMW
    write_folder(args.folder, meta, expected, config, weights)
    margin = expected["greedy_margin"].min().item() if "greedy_margin" in expected else float("nan")
    print(f"{args.folder}: {count} parameters, smallest greedy margin {margin:.2g}")


def check(args):
    """Recomputes a folder and prints the largest relative error; fails above the limit."""
    with open(os.path.join(args.folder, "meta.json"), encoding="utf-8") as f:
        meta = json.load(f)
    given = load_file(os.path.join(args.folder, "expected.safetensors"))
    if "alpha" in meta:
        case = read_case(os.path.join(os.path.dirname(os.path.normpath(args.folder)), meta["model"]))
        computed = balance_tensors(case, given["input_ids"], meta["alpha"], meta["gamma"])
    else:
        computed = expected_tensors(read_case(args.folder), given["input_ids"], "loss" in given)
    worst, at = 0.0, ""
    for name, tensor in given.items():
        if name not in computed:
            sys.exit(f"{args.folder}: {name} is not computed")
        a, b = computed[name].double(), tensor.double()
        if a.shape != b.shape:
            sys.exit(f"{args.folder}: {name} has shape {list(a.shape)}, the file {list(b.shape)}")
        # Margins are differences of nearly equal numbers: absolute, in units of a logit.
        error = (a - b).abs().max() if name == "greedy_margin" else (a - b).norm() / b.norm().clamp(min=1e-30)
        if b.norm() == 0:
            error = a.norm()
        if error.item() > worst:
            worst, at = error.item(), name
    extra = sorted(set(computed) - set(given))
    print(f"{args.folder}: {len(given)} tensors, largest error {worst:.2g} at {at or '-'}", *extra[:3])
    if worst > args.limit or extra:
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    p = commands.add_parser("check", help="recompute a folder and compare")
    p.add_argument("folder")
    p.add_argument("--limit", type=float, default=1e-5, help="largest relative error per tensor")
    p.set_defaults(run=check)
    p = commands.add_parser("make", help="write a folder")
    p.add_argument("folder")
    p.set_defaults(run=make)
    sizes = {"seed": 1, "batch": 2, "length": 80, "vocab": 512, "hidden": 64, "layers": 3, "heads": 4, "q-lora": 48}
    sizes |= {"kv-lora": 32, "nope": 32, "rope": 16, "v-dim": 32, "intermediate": 160, "moe-intermediate": 48}
    sizes |= {"experts": 8, "shared": 1, "top-k": 2, "groups": 1, "topk-group": 1, "dense": 1, "yarn-original": 64}
    for name, value in sizes.items():
        p.add_argument(f"--{name}", type=int, default=value, help=f"default {value}")
    p.add_argument("--yarn", type=float, default=0, help="YaRN factor; 0: none")
    p.add_argument("--scaling", type=float, default=1.0, help="routed_scaling_factor")
    p.add_argument("--init-range", type=float, default=0.08)
    p.add_argument("--tied", action="store_true", help="head and embedding are one matrix")
    p.add_argument("--mtp", action="store_true", help="one multi-token prediction module")
    p.add_argument("--store", choices=["float32", "bfloat16", "fp8"], default="float32")
    p.add_argument("--balance-of", metavar="FOLDER", help="balance loss and bias update on that folder's model")
    p.add_argument("--alpha", type=float, default=0.02, help="weight of the balance loss")
    p.add_argument("--gamma", type=float, default=0.001, help="step of the router biases")
    args = parser.parse_args()
    torch.use_deterministic_algorithms(True)
    args.run(args)


if __name__ == "__main__":
    main()
