"""Reference cycles from SCALE-Sim (PyPI `scalesim==3.0.0`, with `numpy<2`).

    python3 -m venv venv && venv/bin/pip install "scalesim==3.0.0" "numpy<2"
    venv/bin/python evaluators/npu/validation/scale_sim.py > evaluators/npu/validation/scale_sim.csv

Each row is one matrix product on a square array with memories that never make it wait. The
test `cycles_of_whole_layers_agree_with_scale_sim` compares the simulator with the file.
"""

import contextlib
import csv
import io
import os
import sys
import tempfile

from scalesim.scale_sim import scalesim

CONFIG = """[general]
run_name = run

[architecture_presets]
ArrayHeight : {size}
ArrayWidth : {size}
IfmapSramSzkB : 4096
FilterSramSzkB : 4096
OfmapSramSzkB : 4096
IfmapOffset : 0
FilterOffset : 10000000
OfmapOffset : 20000000
Bandwidth : 100000
Dataflow : {flow}
MemoryBanks : 1
ReadRequestBuffer : 1024
WriteRequestBuffer : 1024

[layout]
IfmapCustomLayout : False
IfmapSRAMBankBandwidth : 10
IfmapSRAMBankNum : 10
IfmapSRAMBankPort : 2
FilterCustomLayout : False
FilterSRAMBankBandwidth : 10
FilterSRAMBankNum : 10
FilterSRAMBankPort : 2

[sparsity]
SparsitySupport : false
SparseRep : ellpack_block
OptimizedMapping : false
BlockSize : 8
RandomNumberGeneratorSeed : 40

[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""

# Shapes of common layers: m rows of activations, n output columns, inner dimension k.
SHAPES = [
    ("square", 64, 64, 64),
    ("one tile", 16, 16, 16),
    ("tall", 256, 32, 64),
    ("wide", 32, 256, 64),
    ("deep", 32, 32, 512),
    ("attention scores", 128, 128, 64),
    ("mlp", 64, 256, 64),
    ("1x1 convolution", 196, 64, 64),
    ("ragged", 50, 70, 30),
]


def cycles(flow, size):
    """Compute cycles of every shape, in order."""
    with tempfile.TemporaryDirectory() as folder:
        config = os.path.join(folder, "run.cfg")
        topology = os.path.join(folder, "layers.csv")
        layout = os.path.join(folder, "layout.csv")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(flow=flow, size=size))
        with open(topology, "w", encoding="ascii") as file:
            file.write("Layer,M,N,K,\n")
            for at, (_, m, n, k) in enumerate(SHAPES):
                file.write(f"L{at},{m},{n},{k},\n")
        with open(layout, "w", encoding="ascii") as file:
            file.write("Layer name," + ",".join(f"c{i}" for i in range(20)) + ",\n")
            for at in range(len(SHAPES)):
                file.write(f"L{at}," + ",".join(["1"] * 20) + ",\n")
        with contextlib.redirect_stdout(io.StringIO()):
            run = scalesim(save_disk_space=True, verbose=False, config=config,
                           topology=topology, layout=layout, input_type_gemm=True)
            run.run_scale(top_path=folder)
        with open(os.path.join(folder, "run", "COMPUTE_REPORT.csv"), encoding="ascii") as file:
            rows = [{key.strip(): value for key, value in row.items() if key}
                    for row in csv.DictReader(file)]
        return [(int(float(row["Total Cycles"])), int(float(row["Stall Cycles"]))) for row in rows]


def main():
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["layer", "dataflow", "size", "m", "n", "k", "cycles"])
    for flow in ("ws", "os", "is"):
        for size in (16, 32):
            for (name, m, n, k), (total, stall) in zip(SHAPES, cycles(flow, size)):
                writer.writerow([name, flow, size, m, n, k, total - stall])


if __name__ == "__main__":
    main()
