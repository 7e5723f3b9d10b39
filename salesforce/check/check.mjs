// Salesforce's own library converts the source; the zip of `lsync org package` must hold the same files and manifest.
// usage: node check.mjs FOLDER ZIP
import { createRequire } from "node:module";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const require = createRequire(import.meta.url);
const { ComponentSet, MetadataConverter, MetadataResolver, ZipTreeContainer } = require("@salesforce/source-deploy-retrieve");

const squeeze = (text) => text.replace(/\(package [^)]*\)/g, "").replace(/\s+/g, "");

async function convert(folders) {
  const source = ComponentSet.fromSource(folders);
  source.sourceApiVersion = "67.0";
  const out = mkdtempSync(join(tmpdir(), "lsync-package-"));
  try {
    await new MetadataConverter().convert(source, "metadata", { type: "directory", outputDirectory: out, genUniqueDir: false });
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map((entry) => relative(out, join(entry.parentPath, entry.name)));
    return new Map(paths.map((path) => [path, readFileSync(join(out, path), "utf8")]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function check(folders, zip) {
  const wanted = await convert(folders);
  const tree = await ZipTreeContainer.create(readFileSync(zip));
  const found = new MetadataResolver(undefined, tree).getComponentsFromPath(".");
  const problems = [];
  for (const [path, text] of wanted) {
    if (!tree.exists(path)) problems.push(`${path} is missing`);
    else if (squeeze((await tree.readFile(path)).toString()) !== squeeze(text)) problems.push(`${path} differs`);
  }
  if (!found.length || problems.length) throw new Error(`${zip}: ${problems.join("; ") || "it is empty"}`);
  console.log(`${folders}: ${found.length} components, ${wanted.size} files, the same as Salesforce's library converts`);
}

const [folder, zip] = process.argv.slice(2);
await check([folder], zip);
