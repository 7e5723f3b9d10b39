#!/usr/bin/env bash
# Fetches the vendored parts again; VENDOR.md has their checksums.
set -euo pipefail
cd "$(dirname "$0")/vendor"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
fetch() { (cd "$work" && tar -xzf "$(npm pack --silent "$1")" 2>/dev/null && rm -rf "$2" && mv package "$2"); }
fetch htmx.org@2.0.11 htmx
fetch @salesforce/canvas-js-sdk@1.41.0 canvas
fetch @salesforce-ux/design-system@2.264.1 slds
cp "$work/htmx/dist/htmx.min.js" htmx-2.0.11.min.js; cp "$work/htmx/LICENSE" htmx-LICENSE.txt
cp "$work/canvas/js/canvas-all.js" canvas-all-1.41.0.js; cp "$work/canvas/LICENSE.txt" canvas-LICENSE.txt
cp "$work/slds/assets/styles/salesforce-lightning-design-system.min.css" slds-2.264.1.min.css
cp "$work/slds/assets/icons/standard-sprite/svg/symbols.svg" slds-standard-2.264.1.svg
cp "$work/slds/assets/icons/License-for-icons.txt" slds-icons-LICENSE.txt
cp "$work/slds/assets/icons/utility-sprite/svg/symbols.svg" slds-utility-2.264.1.svg
for name in assistant tasks; do cp "$work/slds/assets/images/illustrations/empty-state-$name.svg" "slds-empty-$name-2.264.1.svg"; done
cp "$work/slds/assets/images/License-for-images.txt" slds-images-LICENSE.txt
