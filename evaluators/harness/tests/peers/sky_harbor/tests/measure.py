import sys
sys.path.insert(0, "/app")
import solver
print(solver.answer())
