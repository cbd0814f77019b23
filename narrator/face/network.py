"""One TensorFlow Lite network with one image as its input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Network:
    """Runs a .tflite file on one thread; not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        try:
            # without XNNPACK: it prints to the terminal and picks its arithmetic by processor
            plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            self._interpreter = Interpreter(str(path), num_threads=1, experimental_op_resolver_type=plain)
        except ValueError as error:
            raise ValueError(f"{path} is not a TensorFlow Lite network: {error}") from error
        self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()

    @property
    def input_size(self) -> int:
        """Side of the square input in pixels."""
        return int(self._input["shape"][1])

    @property
    def output_sizes(self) -> tuple[int, ...]:
        """Number of values of each output."""
        return tuple(int(np.prod(output["shape"])) for output in self._outputs)

    def __call__(self, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All outputs for one image, float32 [size, size, 3]."""
        self._interpreter.set_tensor(self._input["index"], image[None].astype(np.float32))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]
