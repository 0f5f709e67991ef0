# Runs a Harbor task's tests on the program: $1 where it belongs, $2 the image's working folder.
# The image has what may be written there behind links into the working folder of the sandbox.
set -eu
here=$PWD
mkdir -p "$here/logs/verifier" "$here/logs/agent" "$here/logs/artifacts"
if [ -d /evolve-harbor ]; then
    cp -a /evolve-harbor/. "$here/"
fi
mkdir -p "${1%/*}"
cp "$EVOLVE_PROGRAM" "$1"
cd "$2"
status=0
bash /tests/test.sh || status=$?
echo "test.sh ended with status $status"
for name in reward.json reward.txt; do
    if [ -s "/logs/verifier/$name" ]; then
        cat "/logs/verifier/$name" >"$EVOLVE_RESULT"
        exit 0
    fi
done
echo "there is no reward in /logs/verifier"
exit 1
