"""Dumps, and what the page's inspector says of the same places."""
import json


def file_of(path):
    """The header and the data of a safetensors file."""
    data = path.read_bytes()
    n_header = int.from_bytes(data[:8], "little")
    return json.loads(data[8:8 + n_header]), data[8 + n_header:]


READ_CELLS = """async (places) => {
  const texts = [];
  for (const [site, layer, head, token, cell] of places) {
    look.set({site, layer, head, token, cell});
    await new Promise(done => requestAnimationFrame(done));
    texts.push(document.getElementById('cell-value').textContent);
  }
  return texts;
}"""
