"""An LSTM that reads long streams by a compiled kernel, many steps a call: `kernels/streams.hpp`. Without torch.

A product of two rows and a matrix of a million numbers takes numpy longer than one of four, because it first copies
the matrix. Here the matrix is laid out once for all steps.
"""

import numpy as np
from jaxtyping import Float, Integer

from moreish.cancellation import check_cancelled
from moreish.fast.library import Uncompiled, function, load

STEPS_A_CALL = 64  # between two of which Ctrl-C is heard: some 20 ms

_SUFFIXES = {np.dtype(np.float32): "float32", np.dtype(np.float64): "float64"}


class Stream:
    """The kernel for one LSTM. Raises Uncompiled where there is none.

    input : (V, 4H) what each symbol gives to the gates i, f, g, o, biases included
    recurrent : (H, 4H), of the same dtype, float32 or float64
    """

    def __init__(self, input: Float[np.ndarray, "V G"], recurrent: Float[np.ndarray, "H G"]) -> None:
        suffix = _SUFFIXES.get(input.dtype)
        size, width = recurrent.shape
        if suffix is None or recurrent.dtype != input.dtype:
            raise Uncompiled(f"there is no compiled stream for {input.dtype} and {recurrent.dtype}")
        if width != 4 * size or input.shape[1] != width:
            raise ValueError(f"the shapes {input.shape} and {recurrent.shape} are not those of an LSTM")
        handle = load().handle
        panel_numbers, lay_out, self._run = (
            function(handle, name, suffix) for name in ("panel_numbers", "lay_out", "lstm_stream")
        )
        self.input, self.size = np.ascontiguousarray(input), size
        self.panels = np.empty(panel_numbers(size, width), input.dtype)
        whole = np.ascontiguousarray(recurrent)
        lay_out(size, width, whole.ctypes.data, width, 1, self.panels.ctypes.data)

    def read(
        self, ids: Integer[np.ndarray, "rows T"], begins: Integer[np.ndarray, " rows"]
    ) -> tuple[Float[np.ndarray, "rows H"], Float[np.ndarray, "rows H"]]:
        """Memory h and c after the ids of each row from its beginning on. Raises IndexError for unknown ids."""
        if ids.size and (ids.min() < 0 or ids.max() >= len(self.input)):
            raise IndexError(f"ids from {ids.min()} to {ids.max()}, of 0 to {len(self.input) - 1}")
        rows, steps = ids.shape
        by_time = np.ascontiguousarray(ids.T, np.int32)
        h, c = (np.zeros((rows, self.size), self.input.dtype) for _ in range(2))
        gates = np.empty((rows, 4 * self.size), self.input.dtype)
        for t in range(0, steps, STEPS_A_CALL):
            check_cancelled()
            part, left = by_time[t : t + STEPS_A_CALL], np.ascontiguousarray(begins - t, np.int64)
            arrays = (part, left, self.input, self.panels, gates, h, c)
            self._run(len(part), rows, self.size, *(a.ctypes.data for a in arrays))
        return h, c
