"""The tables of scripts/blind_port.py: as text, and between their markers in docs/diagnose.md."""
import collections
import pathlib

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "diagnose.md"
BEGIN, END = "<!-- begin scripts/blind_port.py -->", "<!-- end -->"


def share(rows, kinds):
    return f"{sum(r['answer'] in kinds for r in rows)} of {len(rows)}"


def where(rows):
    """How often compare names the site at which the mistake begins to show."""
    seen = [r for r in rows if r["answer"] not in ("hidden", "silent")]
    return f"{sum(r['compare'] == r['first'] for r in seen)} of {len(seen)}"


def groups(rows):
    by = collections.defaultdict(list)
    for r in rows:
        by[r["run"], r["policy"]].append(r)
    return by.items()


def summary(rows, listed):
    lines = ["| model | dump in | listed: named | listed: below the tolerance | others: none of the known | "
             "others: below the tolerance | others: named by a listed twin | wrong names | compare: first site |",
             "|---|---|---|---|---|---|---|---|---|"]
    for (run, policy), all_rows in groups(rows):
        shown = [r for r in all_rows if r["first"] is not None]
        known, other = [r for r in shown if r["bug"] in listed], [r for r in shown if r["bug"] not in listed]
        lines.append(f"| {run} | {policy} | {share(known, ['right'])} | {share(known, ['silent'])} | "
                     f"{share(other, ['none'])} | {share(other, ['silent'])} | {share(other, ['twin'])} | "
                     f"{share(all_rows, ['wrong', 'unusable'])} | {where(shown)} |")
    return lines


def misses(rows, listed):
    """Wrong names, and listed mistakes that were not named, with the runs they were so in."""
    by = collections.defaultdict(list)
    for r in rows:
        bad = r["answer"] in ("wrong", "unusable") or (
            r["bug"] in listed and r["first"] and r["answer"] != "right")
        if bad:
            said = r["name"] or " or ".join(r["either"]) or {
                "silent": "no divergence", "none": "none of the known"}.get(r["answer"], r["answer"])
            by[r["bug"], said].append(f"{r['run']} {r['policy']}")
    lines = ["| planted | is | answer | in |", "|---|---|---|---|"]
    for (bug, said), runs in sorted(by.items()):
        lines.append(f"| `{bug}` | {', '.join(listed.get(bug, ['unlisted']))} | {said} | {'; '.join(runs)} |")
    return lines


def hidden(rows):
    by = collections.defaultdict(list)
    for r in rows:
        if r["first"] is None:
            by[r["run"], r["policy"]].append(r["bug"])
    return [f"- {run}, {policy}: {', '.join(f'`{name}`' for name in sorted(b))}" for (run, policy), b in by.items()]


def text(rows, listed, bugs):
    lines = [f"{len(bugs)} mistakes, {len(listed)} of them listed", "", *summary(rows, listed), "",
             *misses(rows, listed), "", "no dump shows, being equal to the right one's:", *hidden(rows), "",
             "compare's first site is not where the mistake begins:"]
    for r in rows:
        if r["answer"] not in ("hidden", "silent") and r["compare"] != r["first"]:
            lines.append(f"- {r['run']} {r['policy']} {r['bug']}: {r['compare']}, is {r['first']}")
    return "\n".join(lines)


def write_page(rows, listed, n_bugs):
    page = PAGE.read_text()
    head, rest = page.split(BEGIN)
    tail = rest.split(END, 1)[1]
    body = [*summary(rows, listed), "", *misses(rows, listed), "",
            "No dump shows these, which is equal to the right port's, bit for bit or within 1e-6 in float32:", "",
            *hidden(rows)]
    PAGE.write_text(head + BEGIN + "\n" + "\n".join(body) + "\n" + END + tail)
