# For scripts that do what docs/install.md says: `. page.sh`, with the directory of the checkout in $checkout.

# The commands in a block below a heading, the first one or the given one: block HEADING [NTH]
block() {
  awk -v heading="## $1" -v nth="${2:-1}" '
    $0 == heading { inside = 1; next }
    inside && /^## / { exit }
    inside && /^```/ { if (fenced) { if (seen == nth) exit; fenced = 0 } else { fenced = 1; seen += 1 }; next }
    fenced && seen == nth { print }' "$checkout/docs/install.md"
}
