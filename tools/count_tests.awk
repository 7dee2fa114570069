# count_tests.awk: ctest's LastTest.log to "passed failed skipped". A cmocka program shows each of its cases; any other
# program is one. A program that fails although its cases passed (a leak at exit, a crash, a time-out) adds a failure.
function finish(failing, skipping,    broken) {
    if (!open) return
    broken = run - ok - skip
    if (run == 0) {
        if (skipping) s++
        else if (failing) f++
        else p++
    } else {
        p += ok
        s += skip
        f += broken
        if (failing && broken == 0) f++
    }
    open = run = ok = skip = listed = 0
}
/^[0-9]+\/[0-9]+ Testing: / { finish(1, 0); open = 1 }
/^\[==========\] .*run\.?$/ || /^\[==========\] [0-9]+ test\(s\) run/ { listed = 1 }
/^\[ RUN      \] / { run++ }
/^\[       OK \] / { ok++ }
/^\[  SKIPPED \] / && !listed { skip++ }
/^Test (Passed|Pass Reason)/ { finish(0, 0) }
/^Test Skipped/ || /^Test Skip Reason/ { finish(0, 1) }
/^Test (Failed|Fail Reason)/ || /^Test Timeout/ { finish(1, 0) }
END { finish(1, 0); print p + 0, f + 0, s + 0 }
