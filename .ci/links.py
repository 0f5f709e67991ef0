"""Checks the markdown of the repository: links inside it must lead somewhere.

Looks at every `.md` file outside of build output and runs: relative links, anchors within and
across pages, and that every page of docs/ is in its SUMMARY.md. Links to other hosts are not
followed. Also keeps docs/dependencies.md in step with the table in Cargo.toml.
"""

import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
SKIP = {".git", "target", "runs", "node_modules"}
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)


def pages():
    """Every markdown file, but for build output and runs (whose README counts)."""
    for path in sorted(TOP.rglob("*.md")):
        parts = path.relative_to(TOP).parts
        if not SKIP & set(parts) or parts == ("runs", "README.md"):
            yield path


def prose(path):
    """The text of a page without code blocks."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path):
    """The anchors of a page's headings, as GitHub and mdbook make them."""
    found = {}
    for heading in HEADING.findall(prose(path)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")
        count = found.setdefault(slug, 0)
        found[slug] += 1
        if count:
            found[f"{slug}-{count}"] = 1
    return found


def dead_links(path):
    """What is wrong with the links of one page."""
    text = CODE.sub("", prose(path))
    for target in LINK.findall(text) + REFERENCE.findall(text):
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        place, _, anchor = target.partition("#")
        goal = (path.parent / place).resolve() if place else path
        if not goal.exists():
            yield f"{target}: there is no {place}"
        elif not goal.is_relative_to(TOP):
            yield f"{target}: leads out of the repository"
        elif anchor and goal.suffix == ".md" and anchor not in anchors(goal):
            yield f"{target}: no heading of that name"


def unlisted_pages():
    """Pages of docs/ that SUMMARY.md does not list."""
    docs = TOP / "docs"
    if not (docs / "SUMMARY.md").exists():
        return
    listed = {(docs / t.partition("#")[0]).resolve() for t in LINK.findall(prose(docs / "SUMMARY.md"))}
    for path in sorted(docs.rglob("*.md")):
        if path.name != "SUMMARY.md" and path.resolve() not in listed:
            yield path


def undocumented_dependencies():
    """Dependencies of the workspace without a line in docs/dependencies.md, and the reverse."""
    page = TOP / "docs" / "dependencies.md"
    manifest = (TOP / "Cargo.toml").read_text(encoding="utf-8")
    table = manifest.partition("[workspace.dependencies]\n")[2].partition("\n[")[0]
    entries = [line.partition(" = ") for line in table.splitlines() if " = " in line]
    ours = {name for name, _, value in entries if "path = " not in value}
    told = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            told |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    for name in sorted(ours - told):
        yield f"{name} is in Cargo.toml, but not told of"
    for name in sorted(told - ours):
        yield f"{name} is told of, but not in Cargo.toml"


def main():
    problems = []
    count = 0
    for path in pages():
        count += 1
        problems += [f"{path.relative_to(TOP)}: {what}" for what in dead_links(path)]
    problems += [f"{path.relative_to(TOP)}: not in SUMMARY.md" for path in unlisted_pages()]
    problems += [f"docs/dependencies.md: {what}" for what in undocumented_dependencies()]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"links of {count} pages lead somewhere")


if __name__ == "__main__":
    main()
