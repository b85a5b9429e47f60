#!/bin/sh
# Puts a repository at one commit into a folder: checkout.sh URL COMMIT FOLDER. Run again, it fetches only what it lacks.
set -eu
url=$1
commit=$2
folder=$3
if [ ! -d "$folder/.git" ]; then
  echo "fetching $url"
  git clone --quiet --no-checkout "$url" "$folder"
fi
if ! git -C "$folder" rev-parse --quiet --verify "$commit^{commit}" >/dev/null; then
  git -C "$folder" fetch --quiet --tags origin
fi
git -C "$folder" checkout --quiet --detach "$commit"
git -C "$folder" submodule --quiet update --init --recursive
echo "${folder##*/} at $(git -C "$folder" rev-parse --short HEAD)"
