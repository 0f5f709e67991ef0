# Names that lead elsewhere for whoever decodes, joins or expands them.
output = os.environ["EVOLVE_OUTPUT"]
for name in (
    "%2e%2e%2f%2e%2e%2fetc", "..%c0%af..", "...", ".. ", " ..", "~", "~root", "$HOME", "`id`",
    "-rf", "--", "*", "C:", "CON", "file:", "{0}", "%s%n", ".hidden", "..;", "\u2025",
    "'; drop table x", '"', "<b>", "x" * 200,
):
    open(os.path.join(output, name), "w").write("../" * 20)
open(os.path.join(output, "score.txt"), "w").write("1")
