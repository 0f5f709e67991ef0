cat > /app/solver.py <<X
def answer():
    return 1000
X
