// The next token: what the model thinks comes after the chosen one; as trained, and with the
// changes.

// A run keeps the ten likeliest tokens; of another one is known that it has less than the tenth.
function chanceOf(run, id) {
    const guesses = run.next(state.token), guess = guesses.find((g) => g.id === id);
    if (guess) return {p: guess.p, text: percent(guess.p), exact: exact(guess.p)};
    const {p} = guesses.at(-1);
    return {
        p: 0,
        text: p >= 0.0001 ? `< ${percent(p)}` : "< 0.01 %",
        exact: `less than ${exact(p)}`
    };
}

function nextRows(trained, changed) {
    const rows = new Map();
    for (const run of changed ? [trained, changed] : [trained]) {
        for (const token of run.next(state.token).slice(0, 6)) {
            const row = {token, trained: chanceOf(trained, token.id)};
            if (changed) row.changed = chanceOf(changed, token.id);
            rows.set(token.id, row);
        }
    }
    const largest = (row) => Math.max(row.trained.p, row.changed?.p ?? 0);
    return [...rows.values()].sort((a, b) => largest(b) - largest(a)).slice(0, changed ? 7 : 6);
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
            s.rect(
                left, y, Math.max(1, room * row.trained.p), height, css("--weight"), {radius: 3});
            s.text(
                left + room * row.trained.p + 6, y + height / 2, row.trained.text,
                {size: 11.5, fill: css("--muted")});
            if (changed) {
                s.rect(
                    left, y + 16, Math.max(1, room * row.changed.p), height, css("--change"),
                    {radius: 3});
                s.text(
                    left + room * row.changed.p + 6, y + 23, row.changed.text,
                    {size: 11.5, fill: css("--change")});
            }
            s.spot(
                0, y, s.width, step,
                `${quoted(row.token)}, id ${row.token.id}\nas trained ${row.trained.exact}${
                    changed ? `\nwith the changes ${row.changed.exact}` : ""}`);
        });
        s.height = rows.length * step + 6;
    },
    say(run) {
        const {trained, changed} = runs, best = trained.next(state.token)[0],
                        came = trained.tokens[state.token + 1];
        const parts = [
            "After ", tokenElement(run.tokens[state.token]), " comes ", tokenElement(best),
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
