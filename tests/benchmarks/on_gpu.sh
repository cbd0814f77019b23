#!/usr/bin/env bash
# Everything that needs a GPU, within ten minutes, into one JSON file.
#
#   tests/benchmarks/on_gpu.sh OUT.json          # on a machine with a GPU
#   tests/benchmarks/on_gpu.sh OUT.json --dry    # the same steps on the processor, small, in as much time as they take
#
# Each step is a process with a limit of its own and adds its part to the file once it is done: a step that fails or
# takes too long is named in OUT.json.failed, and the next one goes on. The limits add up to less than ten minutes.
set -u
cd "$(dirname "$0")/../.."
out=${1:?name the JSON file to write}
shift
python=${PYTHON:-.venv/bin/python}
rm -f "$out" "$out.failed"
while read -r step limit; do
    case " $* " in *" --dry "*) limit=1200 ;; esac
    timeout --kill-after=5 "$limit" "$python" tests/benchmarks/on_gpu.py "$step" "$out" "$@" </dev/null
    code=$?
    [ "$code" -eq 0 ] || echo "$step: exit code $code (124: it took longer than $limit s)" | tee -a "$out.failed" >&2
done <<STEPS
machine 40
networks 60
narrator 220
metrics 160
compiled 110
STEPS
[ ! -e "$out.failed" ]
