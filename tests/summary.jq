# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What meson's test logs say, for a reader: a line for each test, failures with what they printed,
# skips with their reasons, and the counts. A TAP test counts its cases, any other test is one.
# $builds: what could not even be built.

def output: ((.stdout // "") + (.stderr // "")) | rtrimstr("\n");

def cases:
    (.stdout // "") | split("\n") |
    map(select(test("^(ok|not ok)\\b")) | {
        ok: startswith("ok"),
        skip: test("# SKIP"; "i"),
        text: sub("^(not )?ok *[0-9]* *-? *"; "")
    });

def count: {
    passed: (map(select(.ok and (.skip | not))) | length),
    failed: (map(select(.ok | not)) | length),
    skipped: (map(select(.ok and .skip)) | length),
    reasons: map(select(.ok and .skip) | .text)
};

# A test that printed no cases: skipped as a whole with a reason, or judged by its result.
def count_whole:
    if .result == "SKIP" then
        {passed: 0, failed: 0, skipped: 1, reasons: [
            ((.stdout // "") | capture("# *SKIP *(?<why>[^\n]*)"; "i").why) // output]}
    elif .result == "OK" then {passed: 1, failed: 0, skipped: 0, reasons: []}
    else {passed: 0, failed: 1, skipped: 0, reasons: []} end;

def verdict:
    cases as $cases |
    (if ($cases | length) > 0 then $cases | count else count_whole end) as $count |
    # A program that crashed or was killed between its cases failed all the same.
    ([.result] | inside(["OK", "SKIP"])) as $ended_well |
    {name: (.name | sub("^[^:]*:"; "")), duration, result, output: output} + $count |
    if ($ended_well | not) and .failed == 0 then .failed = 1 else . end;

def seconds: . * 100 | round / 100 | tostring + " s";

def padded($width): . + " " * ([$width - length, 1] | max);

def line:
    "  " + (.name | padded(44)) + (.duration | seconds | padded(10)) +
    ([(.passed | select(. > 0) | "\(.) passed"), (.failed | select(. > 0) | "\(.) failed"),
      (.skipped | select(. > 0) | "\(.) skipped")] | join(", "));

# Of a TAP test only what did not hold, and what is said at the end.
def telling: split("\n") | map(select(test("^(ok\\b|# [0-9]+ ms$)") | not) | "      " + .) | join("\n");

def variant: if input_filename | test("-sanitized/") then " (sanitized)" else "" end;

[inputs | verdict | .name += variant] as $all |
($all[] | line),
($all[] | select(.skipped > 0) | .name as $name | .reasons[] | "\nskipped: \($name): \(.)"),
($all[] | select(.failed > 0) | "\nFAILED: \(.name) (\(.result))\n" + (.output | telling)),
($builds[] | "\nFAILED: \(.)"),
"",
"\($all | map(.passed) | add // 0) passed, \(
  ($all | map(.failed) | add // 0) + ($builds | length)) failed, \(
  $all | map(.skipped) | add // 0) skipped"
