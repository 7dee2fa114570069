#!/usr/bin/env python3
"""Times tiktoken and tokenizers against bench/tokenizer_bench on the same bytes, one thread each.

    python3 oracle/tokenizer_speed.py BENCH_PROGRAM SHARED_DATA

Prints MB per second of processor time (the machine is shared) of each and the ratio; docs/PERF.md keeps the result.
"""
import base64
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import tiktoken  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

PASSES = 3
TEXT_BYTES = 1 << 20


def median_speed(encode, text, size):
    times = []
    for _ in range(PASSES):
        begin = time.process_time()
        encode(text)
        times.append(time.process_time() - begin)
    return size / statistics.median(times) / 1e6


def main():
    bench, data = sys.argv[1:3]
    files = {
        "English": data + "/train/stories_en/fairytaleqa_stories.txt",
        "Chinese": data + "/train/books_zh/红楼梦.txt",
        "YAML": data + "/api/openapi.yaml",
    }
    patterns = json.load(open(data + "/golden/tokenizers/meta.json"))["patterns"]

    def load_tiktoken(path, pattern):
        ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in open(path, "rb") if line.strip())}
        return tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})

    cases = []
    for name, path in (("llama3", "llama3/tokenizer.model"), ("qwen2.5", "qwen2.5/qwen.tiktoken"),
                       ("kimi-k2", "kimi-k2/kimi_k2.tiktoken")):
        path = data + "/tokenizer/" + path
        cases.append((name, "tiktoken " + tiktoken.__version__, path, load_tiktoken(path, patterns[name]).encode_ordinary))
    path = data + "/tokenizer/deepseek-v3/tokenizer.json"
    hugging = Tokenizer.from_file(path)
    import tokenizers
    cases.append(("deepseek-v3", "tokenizers " + tokenizers.__version__, path,
                  lambda text: hugging.encode(text, add_special_tokens=False)))
    folder = tempfile.mkdtemp()
    print("vocabulary   text     fathom  peer    ratio", flush=True)
    for name, peer, path, encode in cases:
        for language, file in files.items():
            part = os.path.join(folder, language)
            text = open(file, "rb").read(TEXT_BYTES).decode("utf-8", "ignore")
            with open(part, "w", encoding="utf-8") as out:
                out.write(text)
            size = os.path.getsize(part)
            peer_speed = median_speed(encode, text, size)
            out = subprocess.run([bench, path, part], capture_output=True, text=True, check=True).stdout
            own = float(out.splitlines()[1].split("\t")[3])
            print("%-12s %-8s %6.1f  %6.1f  %5.1f  (%s)" % (name, language, own, peer_speed, own / peer_speed, peer),
                  flush=True)


main()
