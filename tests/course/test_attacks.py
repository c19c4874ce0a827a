"""Code that does not answer but attacks: nothing for that exercise, a reason, and the rest goes on."""
import resource

import pytest

from conftest import total, with_body, with_line
from courselib import build, exercises, headers, score

RIGHT = """    for (int t = 0; t < x.rows; ++t)
        for (int i = 0; i < x.cols; ++i) out.row(t)[i] = x.row(t)[i] + y.row(t)[i];"""
EXTERN = 'extern "C" int open(const char*, int, ...); extern "C" int fork() noexcept; extern "C" int kill(int, int) noexcept;' \
         'extern "C" int getppid() noexcept; extern "C" long write(int, const void*, unsigned long);' \
         'extern "C" int close(int); extern "C" int system(const char*);'

# Bodies of add_residual, and a word of the reason.
AT_RUN_TIME = {
    "endless loop": ("    volatile int i = 0; while (true) i = i + 1;", "too long"),
    "endless recursion": ("    volatile char frame[1000]; frame[0] = 1; add_residual(x, y, out); frame[1] = 2;",
                          "crashed"),
    "null pointer": ("    *static_cast<volatile float*>(nullptr) = 1;", "crashed"),
    "division by zero": ("    volatile int zero = 0; out.data[0] = float(7 / zero);", "divided by 0"),
    "10 GB": (f"    static volatile auto* p = new char[10ull << 30]; p[0] = 1;\n{RIGHT}", "bad_alloc"),
    "10 GB, a little at a time": ("    while (true) { volatile char* p = new char[1 << 20]; p[0] = 1; }", "bad_alloc"),
    "abort": ("    std::abort();", "crashed"),
    "exit 0": ("    std::exit(0);", "ended by itself"),
    "fake verdict": ('    std::puts("{\\"score\\": 100, \\"max_score\\": 100}");', ""),
    "fork bomb": ("    while (true) fork();", "a process"),
    "shell": ('    system("touch /tmp/course-was-here");', "a process"),
    "opens a file": (f'    open("/etc/passwd", 0);\n{RIGHT}', "a file"),
    "verdict into the socket": ('    write(3, "\\1\\0\\0\\0\\0\\0\\0\\0\\0", 9); write(3, "passed", 6);', "something else"),
    "closes the socket": ("    close(3); while (true) {}", "too long"),
    "kills the grader": ("    kill(getppid(), 9); kill(-1, 9);", ""),
    "writes nothing": ("", ""),
}


@pytest.mark.parametrize("attack", AT_RUN_TIME)
def test_at_run_time(attack, judged):
    body, reason = AT_RUN_TIME[attack]
    text = with_body("add_residual", body)
    text = text.replace("\nnamespace gptoss", f"\n#include <cstdio>\n#include <cstdlib>\n{EXTERN}\nnamespace gptoss", 1)
    report = judged("add_residual", text)
    assert "failed" not in report, report["failed"]
    assert total(report) == 0
    assert reason in score.text_of("add_residual", report)


# Lines before the namespace, the right body behind them.
IN_THE_TEXT = {
    "the repository's own header": ('#include "../../../../../include/gptoss/layers/residual.hpp"', "#include"),
    "an absolute path": ('#include "/etc/passwd"', "#include"),
    "a twin": ('#include "gptoss/bf16/rounded_ops.hpp"', "not one of this header's own"),
    "include_next": ("#include_next <gptoss/layers/residual.hpp>", "is no #include"),
    "a comment inside": ('#include /**/ "/etc/passwd"', "is no #include"),
    "a digraph": ('%:include "/etc/passwd"', "is no #include"),
    "a macro": ('#define FILE "/etc/passwd"', "is no #include"),
    "incbin": ('asm(".incbin \\"/etc/passwd\\"");', "the compiler's"),
    "incbin, spelled otherwise": ('__asm__(".incbin \\"/etc/passwd\\"");', "the compiler's"),
    "incbin, pasted": ('__CONCAT(as,m)(".incbin \\"/etc/passwd\\"");', "the compiler's"),
    "incbin, behind a character": ("inline char c = u8'\"'; asm(\".incbin \\\"x\\\"\"); inline char d = '\"';", "the compiler's"),
    "incbin, in two lines": ('a\\\nsm(".incbin \\"/etc/passwd\\"");', "ends in"),
    "incbin, behind a digit separator": ("inline int n = 1'0; asm(\"\"); inline int m = 1'0;", "' in it"),
    "incbin, behind a raw string": ('inline auto s = R"(")"; asm(".incbin");//"', "raw strings"),
    "line": ('#line 1 "include/gptoss/layers/residual.hpp"', "is no #include"),
    "pragma": ('#pragma GCC poison residual', "is no #include"),
    "has_include": ('#if __has_include("/etc/passwd")', "is no #include"),
    "unix": ("#include <sys/mman.h>", "is no #include"),
    "a universal name": ("\\u0061sm();", "no business"),
    "a section that is assembler": ('[[gnu::section(".data\\n.incbin \\"/etc/passwd\\"\\n#")]] inline int x = 1;', "attributes"),
    "the same, apart": ("[ /**/ [gnu::section(\"x\")]] inline int x = 1;", "attributes"),
    "the same, in digraphs": ("<:<:gnu::section(\"x\")]] inline int x = 1;", "no business"),
    "comments without end": (20_000 * "/* \n", "not closed"),
    "a long line": ("inline constexpr int x = " + 600 * "1+" + "1;", "longer than"),
    "100 kB": (1000 * ("//" + 100 * "x" + "\n"), "bytes"),
}


@pytest.mark.parametrize("attack", IN_THE_TEXT)
def test_in_the_text(attack, judged):
    line, reason = IN_THE_TEXT[attack]
    report = judged("add_residual", with_line("add_residual", line))
    assert total(report) == 0
    assert reason in report["failed"]


def test_a_comment_that_begins_in_what_is_replaced(judged):
    """rope_table is replaced while rope is judged, and with it the /* that hid the rest."""
    hidden = 'inline void rope_table(int) { /*\n}\nasm(".incbin \\"/etc/passwd\\""); /* */\n'
    text = headers.repository_text("layers/rope.hpp").replace("\nnamespace gptoss", f"\n{hidden}\nnamespace gptoss", 1)
    assert "the compiler's" in judged("rope", text)["failed"]


def test_another_function_that_does_the_same_is_not_there(judged):
    body = """    void bpe_queue(const RankTable&, std::string_view, std::vector<std::int32_t>&);
    bpe_queue(ranks, piece, ids);"""
    report = judged("bpe_scan", with_body("bpe_scan", body))
    assert total(report) == 0
    assert "bpe_queue: not written yet" in score.text_of("bpe_scan", report)


def test_what_a_student_throws_is_shown_without_control_characters(judged):
    report = judged("add_residual", with_body("add_residual", '    throw Error("\\x1b[2J\\xff\\xfe");'))
    note = report["worked"][0]["note"]
    assert note.startswith("it threw: \ufffd[2J") and "\x1b" not in note


WHILE_COMPILING = {
    "a template without end": "template <int n> struct L { static constexpr int v = L<n + 1>::v; }; inline int l = L<0>::v;",
    "templates that take memory": "template <unsigned n> struct F { using A = F<n - 1>; typename A::T x; typename F<n - 2>::T y; struct T : A::T { F<n-2> z; }; };"
                                  " template <> struct F<0> { struct T {}; }; template <> struct F<1> { struct T {}; }; inline F<190> f;",
    "a constant without end": "constexpr int forever() { int i = 0; while (true) { i = (i + 1) % 7; } return i; } inline constexpr int c = forever();",
    "a large array": "char large[3000000000] = {1, 2, 3};",
}


@pytest.mark.parametrize("attack", WHILE_COMPILING)
def test_while_compiling(attack, judged, monkeypatch):
    monkeypatch.setitem(build.COMPILER_LIMITS, resource.RLIMIT_CPU, 6)  # so that the test ends sooner
    report = judged("add_residual", with_line("add_residual", WHILE_COMPILING[attack]))
    assert total(report) == 0
    assert "compil" in report["failed"]


@pytest.mark.parametrize("line", [
    "#include <cstdlib>\nstruct Early { Early() { std::exit(0); } }; inline Early early;",
    "#include <cstdlib>\nstruct Early { Early() { std::quick_exit(0); } }; inline Early early;",
    'extern "C" int open(const char*, int, ...);\ninline int early = open("/etc/passwd", 0);',
])
def test_before_main(line, judged):
    report = judged("add_residual", with_line("add_residual", line))
    assert total(report) == 0
    assert report["ended"]


def test_a_deleted_function_is_missed(judged):
    text = headers.repository_text("layers/residual.hpp")
    text = text.replace(headers.function_text(text, "add_residual"), "")
    assert "has no function add_residual" in judged("add_residual", text)["failed"]


def test_hidden_text_is_not_told(judged):
    """What a function throws while it sees hidden inputs is in no output."""
    body = '    throw Error("secret " + std::to_string(x.data[0]));'
    report = judged("add_residual", with_body("add_residual", body))
    assert set(report["hidden"]) == {"passed", "of"}
    hidden = [test for test in score.tests_of("add_residual", report) if "hidden" in test["name"]]
    assert hidden[0]["output"] == "0 of 8 right"
    assert exercises.named("add_residual").name == report["exercise"]
