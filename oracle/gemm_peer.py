"""Fathom's f32 GEMM beside PyTorch's (MKL or OpenBLAS, as PyTorch was built) on the same shapes, one thread, in turn.

Both are timed by the thread's own processor time, so that other programs disturb little; each figure is the best of
several. Usage: python3 oracle/gemm_peer.py build/gemm_check
"""

import re
import subprocess
import sys
import time

import torch

LINE = re.compile(r"gemm +(\S+) +1T (\d+) x (\d+) x (\d+) (.*?) +[\d.]+ us \(best ([\d.]+),.*best (\d+) %\)")


def torch_best_us(m, n, k, what):
    transpose_a = "of W" in what
    a = torch.rand(k, m).t() if transpose_a else torch.rand(m, k)
    b = torch.rand(k, n) if transpose_a or what in ("square", "gradient of x", "attention values") else torch.rand(n, k).t()
    out = torch.rand(m, n)
    batch = max(1, int(2e7 / (2 * m * n * k)))
    best = float("inf")
    for _ in range(9):
        start = time.thread_time()
        for _ in range(batch):
            if transpose_a:
                torch.addmm(out, a, b, out=out)
            else:
                torch.mm(a, b, out=out)
        best = min(best, (time.thread_time() - start) / batch)
    return best * 1e6


def main():
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}, MKL {torch.backends.mkl.is_available()}, {torch.backends.cpu.get_cpu_capability()}")
    for case in range(16):
        command = [sys.argv[1], "--bench", "--threads", "1", "--op", "gemm", "--case", str(case)]
        found = LINE.match(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        level, m, n, k, what, ours, share = found.groups()
        theirs = torch_best_us(int(m), int(n), int(k), what)
        print(f"{m:>5} x {n:>4} x {k:>4} {what:24} {level}: {float(ours):9.1f} us, {share:>3} % of peak; "
              f"PyTorch {theirs:9.1f} us; ratio {theirs / float(ours):.2f}", flush=True)


main()
