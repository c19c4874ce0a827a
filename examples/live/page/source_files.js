// A reader's own checkpoint, dropped onto the page: model.safetensors and, if it is not nano's,
// config.json and tokenizer.json. It stays in this browser.

const MAX_MODEL_BYTES = 256 * 2 ** 20;

function openFiles(list) { return busily(() => openChosen([...list])); }

async function openChosen(list) {
    const chosen = {};
    for (const file of list)
        chosen[file.name.endsWith(".safetensors") ? "model.safetensors" : file.name] = file;
    try {
        if (!chosen["model.safetensors"])
            throw new Error(`There is no .safetensors file among ${
                Object.keys(chosen).join(", ") || "what was dropped"}.`);
        const total = Object.values(chosen).reduce((sum, file) => sum + file.size, 0);
        if (total > MAX_MODEL_BYTES) {
            const size = (total / 1e9).toFixed(2);
            throw new Error(
                `These files have ${size} GB; a page has room for 0.27 GB. For large ` +
                "models: gptoss trace --html.");
        }
        const files = chosen["config.json"] ? {} : {...live.files};
        for (const [name, file] of Object.entries(chosen))
            files[name] = new Uint8Array(await file.arrayBuffer());
        tell("opening …");
        const opened = await ask("open", {files});
        live.config = opened.config;
        live.hasTokenizer = opened.has_tokenizer;
        byId("subtitle").textContent = `A checkpoint of yours: ${live.config.n_layers} layers, ${
            live.config.n_heads} heads, ${live.config.n_experts} experts.`;
        await askModel(
            opened.has_tokenizer ? {...asked} :
                                   {kind: "ids", question: "1 2 3 4 5", effort: "low"});
    } catch (error) {
        complain(error);
    }
}

function acceptDrops() {
    addEventListener("dragover", (event) => {
        event.preventDefault();
        document.body.classList.add("dragging");
    });
    addEventListener("dragleave", (event) => {
        if (!event.relatedTarget) document.body.classList.remove("dragging");
    });
    addEventListener("drop", (event) => {
        event.preventDefault();
        document.body.classList.remove("dragging");
        openFiles(event.dataTransfer.files);
    });
}
