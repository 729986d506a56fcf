"""PyTorch's side of `pnpm bench:tensor` and `pnpm bench:train`: takes requests, one JSON document a line, and answers in kind.

It prepares a case (operands from files, statements, an expression), gives its results in files, and times it when it is
its turn. Nothing else runs in this process, and the collector of reference cycles is off, as `timeit` has it.
"""

import gc
import json
import resource
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

# As in quiet.ts: seconds of a look at the time spent computing, part of a core that counts as quiet, and the limit.
LOOK_S, QUIET, LIMIT_S = 0.01, 0.25, 5.0


class Case:
    """A prepared case."""

    def __init__(self, request):
        torch.set_num_threads(request["threads"])
        self.settle = request["threads"] > 1
        names = {"torch": torch, "F": F}
        for name, operand in request["operands"].items():
            dtype = getattr(torch, operand["dtype"])
            data = bytearray(Path(operand["path"]).read_bytes())
            tensor = torch.frombuffer(data, dtype=dtype).reshape(operand["shape"]).clone()
            names[name] = tensor.requires_grad_() if operand["grad"] else tensor
        source = f"def once():\n    return {request['call']}\n"
        source += f"def repeat(calls):\n    for _ in range(calls):\n        {request['call']}\n"
        exec(request["setup"], names)
        exec(source, names)
        self.once, self.repeat = names["once"], names["repeat"]

    def results(self, path):
        """Calls it once and writes all results one behind the other, as float32."""
        results = self.once()
        with open(path, "wb") as file:
            for one in results if isinstance(results, (tuple, list)) else (results,):
                file.write(one.detach().to(torch.float32).contiguous().numpy().tobytes())

    def samples(self, calls, turn_ms):
        """Milliseconds a call, for each sample of so many calls, until the turn is over."""
        samples, repeat, clock = [], self.repeat, time.perf_counter
        # The first calls after a pause find cold caches; a turn of the other side has none either after its first sample.
        repeat(max(1, calls // 8) if calls > 1 else 0)
        end = clock() + turn_ms / 1000
        while True:
            start = clock()
            repeat(calls)
            now = clock()
            samples.append((now - start) * 1000 / calls)
            if now >= end:
                break
        if self.settle:
            until_quiet()
        return samples


def until_quiet():
    """Waits until no thread of this process spins any more."""
    start, before = time.perf_counter(), time.process_time()
    while time.perf_counter() - start < LIMIT_S:
        looked = time.perf_counter()
        time.sleep(LOOK_S)
        after = time.process_time()
        if after - before < QUIET * (time.perf_counter() - looked):
            return
        before = after
    raise RuntimeError(f"threads still spin {LIMIT_S} s after the last call")


def serve():
    case = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = None
            match request["do"]:
                case "version":
                    answer = torch.__version__
                case "prepare":
                    case = None
                    case = Case(request)
                case "results":
                    case.results(request["path"])
                case "time":
                    answer = case.samples(request["calls"], request["turnMs"])
                case "peak":
                    answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                case "release":
                    case = None
                case other:
                    raise ValueError(f"do: unknown request, expected one of this protocol, got {other}")
            reply = {"answer": answer}
        except Exception as error:  # Any failure of a case is the row's, and goes to who asked.
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


gc.disable()
serve()
