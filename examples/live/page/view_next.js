// The next token: what the model thinks comes behind the chosen one; as trained, and with the
// changes.

function nextRows(trained, changed) {
    const rows = new Map();
    for (const [key, run] of [["trained", trained], ["changed", changed]]) {
        for (const guess of run ? run.next(state.token).slice(0, 6) : []) {
            rows.set(
                guess.id,
                {token: guess, trained: 0, changed: 0, ...rows.get(guess.id), [key]: guess.p});
        }
    }
    for (const row of
             rows.values()) {  // beyond the first six: still known among ten, or almost nothing
        row.trained ||= trained.next(state.token).find((g) => g.id === row.token.id)?.p ?? 0;
        row.changed ||= changed?.next(state.token).find((g) => g.id === row.token.id)?.p ?? 0;
    }
    return [...rows.values()]
        .sort((a, b) => Math.max(b.trained, b.changed) - Math.max(a.trained, a.changed))
        .slice(0, changed ? 7 : 6);
}

const nextView = {
    id: "next",
    title: "The next token",
    width: "third",
    isThere: (run) => run.hasNext(),
    draw(s) {
        const {trained, changed} = runs, rows = nextRows(trained, changed);
        const left = 74, right = 62, room = s.width - left - right, step = changed ? 40 : 30;
        rows.forEach((row, i) => {
            const y = i * step + 4, height = changed ? 14 : 20;
            s.text(
                left - 8, y + (changed ? 15 : 10), visibleText(row.token),
                {align: "right", mono: true, size: 13, max: left - 10, bold: i === 0});
            s.rect(left, y, Math.max(1, room * row.trained), height, css("--weight"), {radius: 3});
            s.text(
                left + room * row.trained + 6, y + height / 2, percent(row.trained),
                {size: 11.5, fill: css("--muted")});
            if (changed) {
                s.rect(
                    left, y + 16, Math.max(1, room * row.changed), height, css("--change"),
                    {radius: 3});
                s.text(
                    left + room * row.changed + 6, y + 23, percent(row.changed),
                    {size: 11.5, fill: css("--change")});
            }
            s.spot(
                0, y, s.width, step,
                `${quoted(row.token)}, id ${row.token.id}\nas trained ${exact(row.trained)}${
                    changed ? `\nwith the changes ${exact(row.changed)}` : ""}`);
        });
        s.height = rows.length * step + 6;
    },
    say(run) {
        const {trained, changed} = runs, best = trained.next(state.token)[0],
                        came = trained.tokens[state.token + 1];
        const parts = [
            "Behind ", tokenElement(run.tokens[state.token]), " comes ", tokenElement(best),
            ` with ${percent(best.p)}`
        ];
        if (changed) {
            const other = changed.next(state.token)[0];
            parts.push("; with your changes ", tokenElement(other), ` with ${percent(other.p)}`);
        }
        parts.push(".");
        if (came && state.token + 1 < asked.nPrompt)
            parts.push(" In the prompt it was ", tokenElement(came), ".");
        return parts;
    },
    legend: () =>
        (runs.changed ? [["--weight", "as trained"], ["--change", "with your changes"]] : []),
};
