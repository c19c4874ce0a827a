# Puts the viewer's files into one HTML file: style, scripts, and the headers whose functions it shows. Where
# "<!-- the run -->" stands, a recorded run or the live model comes.
#
#     cmake -DOUT=viewer.html [-DCPP=viewer.cpp] -P assemble.cmake
#
# CPP is the same text as a C++ source, for the tool: std::string_view gptoss::tool::viewer_html().
cmake_minimum_required(VERSION 3.25)
set(here "${CMAKE_CURRENT_LIST_DIR}")
set(include "${here}/../../include/gptoss")
set(scripts run format sites state sketch picture
    view_tokens view_next view_lens view_attention view_routes view_cache view_norms view_inspector view_changes
    source_live source_files source_recorded tours tour_player keys search main)
set(headers layers/embedding layers/rmsnorm layers/linear layers/rope layers/softmax layers/attention layers/residual
    layers/router layers/expert_linear layers/swiglu layers/combine layers/unembedding)

file(READ "${here}/page/index.html" html)
file(READ "${here}/page/style.css" style)
file(READ "${here}/page/sites.json" sites)
set(script "")
foreach(name IN LISTS scripts)
    file(READ "${here}/page/${name}.js" text)
    string(APPEND script "${text}\n")
endforeach()
set(sources "")
foreach(name IN LISTS headers)
    file(READ "${include}/${name}.hpp" text)
    string(APPEND sources "<script type=\"text/plain\" data-header=\"${name}.hpp\">\n${text}</script>\n")
endforeach()
string(REPLACE "<!-- style -->\n" "${style}" html "${html}")
string(REPLACE "<!-- sites -->\n" "${sites}" html "${html}")
string(REPLACE "<!-- sources -->\n" "${sources}" html "${html}")
string(REPLACE "<!-- scripts -->\n" "${script}" html "${html}")
if(DEFINED OUT)
    file(WRITE "${OUT}" "${html}")
endif()

# As characters one by one: no literal is too long, no quote ends it.
if(DEFINED CPP)
    file(WRITE "${CPP}.html" "${html}")
    file(READ "${CPP}.html" bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    file(WRITE "${CPP}" "#include \"viewer_html.hpp\"\n\nnamespace {\nconstexpr unsigned char bytes[] = {${bytes}};\n}\n\n"
        "std::string_view gptoss::live::viewer_html() {\n"
        "    return {reinterpret_cast<const char*>(bytes), sizeof bytes};\n}\n")
endif()
