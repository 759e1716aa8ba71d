"""Holds the SARIF of `dataprep lint` against the schema of OASIS (sarif-schema-2.1.0.json of its repository sarif-spec, or any copy of it).

    python -m venv VENV; VENV/bin/pip install jsonschema==4.25.1
    VENV/bin/python tests/readers/sarif.py target/release/dataprep SCHEMA

Exit code 1 where the form is another.
"""
import json, pathlib, subprocess, sys, tempfile

import jsonschema

BAD = [
    {"instruction": "q", "output": ""},
    {"messages": [{"role": "tool", "content": "x"}]},
    {"instruction": "What stands behind the mill?", "output": "Ask k.meier@nordpost-verlag.de."},
    {"instruction": "What stands behind the mill?", "output": "Nothing."},
]

binary, schema = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    data, out = pathlib.Path(folder, "trains & more.jsonl"), pathlib.Path(folder, "lint.sarif")
    data.write_text("".join(json.dumps(row) + "\n" for row in BAD))
    code = subprocess.run([binary, "lint", data, "--sarif", out], stdout=subprocess.DEVNULL).returncode
    found = json.loads(out.read_text())
results = found["runs"][0]["results"]
faults = [error.message for error in jsonschema.Draft7Validator(json.loads(pathlib.Path(schema).read_text())).iter_errors(found)]
print(f"exit code {code}, {len(results)} results, {len(faults)} faults of form")
print("\n".join(faults))
sys.exit(code != 1 or len(results) != 4 or bool(faults))
