// The recorded source: a run that the tool wrote into the page. Nothing in it can be changed or
// asked.

function startRecorded() {
    const header = JSON.parse(byId("run-header").textContent),
          binary = atob(byId("run-bytes").textContent);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; ++i)
        bytes[i] = binary.charCodeAt(i);
    runs.trained = new Run(header, bytes);
    asked.nPrompt = header.n_prompt ?? header.tokens.length;
    byId("subtitle").textContent = header.title;
    if (header.left_out) tell(header.left_out);
    set({token: firstLook(), site: runs.trained.hasWeights(0) ? "attn_weights" : "embedding"});
}
