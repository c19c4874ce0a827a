// Search: tokens by text or position, activations by name, pictures by title.

function found(query) {
    const run = shownRun(), words = query.toLowerCase(), results = [];
    const add = (text, go) => results.push({text, go});
    for (const picture of pictures) {
        const {title, id} = picture.view;
        if (words && title.toLowerCase().includes(words))
            add(`picture: ${title}`, () => byId(id).scrollIntoView());
    }
    for (const symbol of Object.keys(SITES)) {
        if (words && symbol.includes(words.replaceAll(".", "_")))
            add(`activation: ${siteName(symbol, state.layer)}`, () => {
                set({site: symbol});
                byId("inspector").scrollIntoView();
            });
    }
    if (/^\d+$/.test(query) && Number(query) < run.nTokens)
        add(`token at ${query}: ${visibleText(run.tokens[query])}`,
            () => set({token: Number(query)}));
    // Text that runs over several tokens is found at its last one.
    let text = "";
    run.tokens.forEach((token, t) => {
        const before = text.length;
        text += token.text.toLowerCase();
        const begin = words ? text.lastIndexOf(words) : -1;
        if (begin >= 0 && begin + words.length > before)
            add(`token ${t}: ${text.slice(Math.max(0, begin - 12), begin)}${words}`,
                () => set({token: t}));
    });
    return results.slice(-60).reverse();
}

function openSearch() {
    const dialog = byId("dialog"), list = make("ul"),
          input = make(
              "input",
              {type: "text", placeholder: "7+5=   attn_mix   lens   133", "aria-label": "Find"});
    const choose = (result) => {
        dialog.close();
        result.go();
    };
    const show = () => list.replaceChildren(
        ...found(input.value)
            .slice(0, 12)
            .map(
                (result) => make(
                    "li", {},
                    button(
                        result.text.replace(
                            /[\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, " "),
                        () => choose(result)))));
    input.oninput = show;
    input.onkeydown = (event) => {
        if (event.key === "Enter") {
            event.preventDefault();
            const first = found(input.value)[0];
            if (first) choose(first);
        }
        if (event.key === "ArrowDown") list.querySelector("button")?.focus();
    };
    list.onkeydown = (event) => {
        const step = {ArrowDown: 1, ArrowUp: -1}[event.key],
              all = [...list.querySelectorAll("button")];
        if (step) {
            event.preventDefault();
            (all[all.indexOf(document.activeElement) + step] ?? input).focus();
        }
    };
    dialog.replaceChildren(make("h2", {}, "Find"), input, list);
    dialog.showModal();
    input.focus();
}
