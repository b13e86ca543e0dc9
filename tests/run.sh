#!/usr/bin/env bash
# Sets up what is missing, builds, and runs the tests.
#   tests/run.sh                  all of it
#   tests/run.sh REGEX...         only the tests whose name matches one, on the newest CPU driver
#   tests/run.sh --stage NAME...  only these stages (after set-up): see tests/setup/stages.sh
#   tests/run.sh --long           what CI runs a sample of: every allocation that can fail, 10,000
#                                 interleavings under ThreadSanitizer, 100 reloads, 10,000 documents
#                                 a schema, 1,000 tool calls, 1,000 kills, long fuzzing
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=samples/setup.sh
. "$here/../samples/setup.sh"
# shellcheck source=tests/setup/common.sh
. "$here/setup/common.sh"
# shellcheck source=tests/setup/drivers.sh
. "$here/setup/drivers.sh"
# shellcheck source=tests/setup/stages.sh
. "$here/setup/stages.sh"

all_stages="style build tests old_driver swiftshader validation install windows sanitize threads fuzz tidy"
stages="$all_stages"
patterns=""
alv_long=no
while [ $# -gt 0 ]; do
    case "$1" in
        -h | --help)
            sed -n '2,8s/^# \?//p' "${BASH_SOURCE[0]}"
            echo "Stages: $all_stages"
            exit 0
            ;;
        --stage)
            shift
            stages="$*"
            break
            ;;
        --long)
            # shellcheck disable=SC2034  # read by the stages
            alv_long=yes
            stages="build reload memory draws kills threads fuzz"
            ;;
        -*) alv_die "Unknown option $1; see tests/run.sh --help" ;;
        *)
            patterns="${patterns:+$patterns|}$1"
            stages="build tests"
            ;;
    esac
    shift
done

for stage in setup $stages; do
    declare -F "stage_$stage" >/dev/null || alv_die "There is no stage '$stage'. Stages: $all_stages"
done
# CI ends a run after 90 minutes, whatever it has shown by then: on a slow day the last stages give way.
time_limit_s="${ALVISS_TIME_LIMIT_S:-$([ -n "${CI:-}" ] && echo 3600 || echo 0)}"
for stage in setup $stages; do
    alv_stage "$stage"
    if [ "$time_limit_s" -gt 0 ] && [ "$SECONDS" -gt "$time_limit_s" ]; then
        echo "SKIPPED $stage: $SECONDS s have passed (ALVISS_TIME_LIMIT_S=$time_limit_s)"
        alv_skipped=$((alv_skipped + 1))
        continue
    fi
    if [ "$stage" = tests ] && [ -n "$patterns" ]; then
        stage_tests -R "$patterns"
    else
        "stage_$stage"
    fi
done
alv_summary
