#include "../../examples/gptoss/html.hpp"

#include "catch.hpp"

using namespace gptoss::tool;

TEST_CASE("html: the five characters with a meaning are escaped", "[html]") {
    CHECK(html_escaped("a < b && \"c\" > 'd'") ==
          "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
    CHECK(html_escaped("<|start|>") == "&lt;|start|&gt;");
    CHECK(html_escaped("Bär") == "Bär");
}

TEST_CASE("html: what a browser would obey or could not decode is replaced", "[html]") {
    const std::string replaced = "\xEF\xBF\xBD";
    CHECK(html_escaped("a\xFF\xE2\x80\xAEz") == "a" + replaced + replaced + "z");
    CHECK(html_escaped("\x1B<") == replaced + "&lt;");
}
