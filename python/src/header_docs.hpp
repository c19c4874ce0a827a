// The headers' top blocks: docstrings of what they declare. python/header_docs.py writes the source.
#pragma once
#include <string_view>

namespace gptoss::python {

// The top block of include/gptoss/HEADER.
const char* header_doc(std::string_view header);

extern const char* const kHeadersDigest;  // of all headers

}  // namespace gptoss::python
