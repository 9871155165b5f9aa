#!/bin/sh
# A folder that is a Hugging Face Space: sh deploy/make_space.sh FOLDER [cpu|zero-gpu]
# cpu (Docker, stickers) is the default; zero-gpu lends a graphics card for each picture (Gradio's image).
# Then: hf upload NAME/SPACE FOLDER --repo-type space
set -eu
target=${1:?Name a new folder.}
kind=${2:-cpu}
case $kind in
    cpu | zero-gpu) ;;
    *) echo "A Space is cpu or zero-gpu, not $kind." >&2; exit 1 ;;
esac
if [ -e "$target" ]; then
    echo "$target exists already: name a new folder." >&2
    exit 1
fi
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$target"
for name in app.py LICENSE README.md agent engines ui; do
    cp -R "$root/$name" "$target/$name"
done
if [ "$kind" = cpu ]; then
    mkdir "$target/deploy"
    cp "$root/requirements.txt" "$target/"
    cp "$root/deploy/requirements.txt" "$target/deploy/"
    cp "$root/deploy/Dockerfile" "$target/Dockerfile"
    cp "$root/deploy/Dockerfile.dockerignore" "$target/.dockerignore"
else
    cp "$root/deploy/zero_gpu.py" "$target/zero_gpu.py"
    cp "$root/requirements.txt" "$target/lock.txt"
    grep '^torch==' "$root/requirements.txt" > "$target/requirements.txt"
    gradio=$(sed -n 's/^gradio==//p' "$root/requirements.txt")
    sed -e "s/^sdk: docker\$/sdk: gradio\nsdk_version: $gradio\npython_version: \"3.12\"\napp_file: zero_gpu.py/" \
        -e '/^app_port:/d' "$root/README.md" > "$target/README.md"
fi
find "$target" -name __pycache__ -type d -prune -exec rm -rf {} +
echo "$target is a Space: hf upload NAME/SPACE $target --repo-type space"
