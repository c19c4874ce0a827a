"""From what the runner found to points, and to what a student reads.

    compiles 10 (once a check passes)   worked numbers 40   in its place 30   hidden inputs 20

A program that crashed, was too slow or asked for what it may not have scores nothing.
"""
PARTS = {"compiles": 10, "worked numbers": 40, "in its place": 30, "hidden inputs": 20}
WHOLE = sum(PARTS.values())


def share(report, part):
    """The share of a part that is right, 0 to 1."""
    if report.get("failed") or report.get("ended"):
        return 0.0
    worked = [test["passed"] for test in report["worked"]]
    place, hidden = report["place"], report["hidden"]
    if part == "worked numbers":
        return sum(worked) / len(worked)
    if part == "in its place":
        return 1.0 if place["passed"] else 0.0
    if part == "hidden inputs":
        return hidden["passed"] / hidden["of"]
    return 1.0 if any(worked) or place["passed"] or hidden["passed"] else 0.0


def points(report):
    return {part: round(most * share(report, part), 1) for part, most in PARTS.items()}


def total(report):
    return round(sum(points(report).values()), 1)


def place_text(place):
    lines = [f"{place['where']}: {place['note']}"]
    if place["pitfall"]:
        lines.append(f"this is {place['pitfall']}: {place['mistake']} (docs/pitfalls.md)")
    return "\n".join(lines)


def output(report, part):
    """What is said of a part; nothing that holds a hidden number."""
    if report.get("failed"):
        return report["failed"] if part == "compiles" else ""
    if report.get("ended"):
        return f"the program did not go through: {report['ended']}" if part == "compiles" else ""
    if part == "worked numbers":
        return "\n".join(f"{test['name']}: {test['note']}" for test in report["worked"] if not test["passed"])
    if part == "in its place":
        return "" if report["place"]["passed"] else place_text(report["place"])
    if part == "hidden inputs":
        return f"{report['hidden']['passed']} of {report['hidden']['of']} right"
    return ""


def tests_of(name, report):
    """As Gradescope's results.json has them."""
    earned = points(report)
    return [{"name": f"{name}: {part}", "score": earned[part], "max_score": most,
             "visibility": "after_published" if part == "hidden inputs" else "visible",
             "output": output(report, part)} for part, most in PARTS.items()]


def results(reports):
    """One object for all exercises: {name: report} -> score, max_score, tests."""
    tests = [test for name, report in reports.items() for test in tests_of(name, report)]
    return {"score": round(sum(total(report) for report in reports.values()), 1),
            "max_score": WHOLE * len(reports), "visibility": "visible",
            "output": summary(reports), "tests": tests}


def summary(reports):
    return "\n".join(f"{name}: {total(report):g} of {WHOLE}" for name, report in reports.items())


def text_of(name, report):
    lines = [f"{name}: {total(report):g} of {WHOLE}"]
    if report.get("failed") == "not written yet":
        return lines[0] + ", not written yet"
    for part, earned in points(report).items():
        said = output(report, part)
        first, *rest = said.split("\n") if said else [""]
        lines.append(f"    {part:<15} {earned:>4g} of {PARTS[part]:<3} {first}".rstrip())
        lines += [" " * 32 + line for line in rest]
    return "\n".join(lines)
