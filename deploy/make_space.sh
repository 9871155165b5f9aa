#!/bin/sh
# A folder that is a Hugging Face Space (Docker, CPU, stickers): sh deploy/make_space.sh FOLDER
# Then: hf upload NAME/SPACE FOLDER --repo-type space
set -eu
target=${1:?Name a new folder.}
if [ -e "$target" ]; then
    echo "$target exists already: name a new folder." >&2
    exit 1
fi
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$target/deploy"
for name in app.py LICENSE README.md requirements.txt agent engines ui; do
    cp -R "$root/$name" "$target/$name"
done
cp "$root/deploy/requirements.txt" "$target/deploy/"
cp "$root/deploy/Dockerfile" "$target/Dockerfile"
cp "$root/deploy/Dockerfile.dockerignore" "$target/.dockerignore"
find "$target" -name __pycache__ -type d -prune -exec rm -rf {} +
echo "$target is a Space: hf upload NAME/SPACE $target --repo-type space"
