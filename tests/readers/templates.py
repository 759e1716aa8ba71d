"""Holds `chat_template` against `apply_chat_template` of transformers: ids and loss masks of the same conversations, under every template of TRL and some of our own.

    python -m venv VENV; VENV/bin/pip install transformers==5.24.0 jinja2 pyarrow numpy; VENV/bin/pip install --no-deps trl==1.16.0
    VENV/bin/python tests/readers/templates.py target/release/dataprep WORK

WORK is a folder that is emptied first. The vocabulary is learnt here and gets the special tokens that a template names. Masks are compared where the template marks answers by
`{% generation %}`; a template of TRL without marks is held against the mask of its marked twin (`NAME_training.jinja`) where both give the same ids, white space at the ends of
answers left out of account: twins count line ends, and the stage without marks none. A conversation that
a template refuses must be refused on both sides. Exit code 1 where ids or masks differ, but for what EXPECTED names.
"""
import importlib.util, json, os, pathlib, re, shutil, subprocess, sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

MESSAGES = [
    [("user", "Where is the bridge?"), ("assistant", "Behind the mill.")],
    [("system", "You mend clocks."), ("user", "It stops."), ("assistant", "Oil it.\n\nThen wait."), ("user", "And now? "), ("assistant", " It runs.\n")],
    [("user", "春天种什么？"), ("assistant", "种豆子。"), ("user", "多深？"), ("assistant", "三厘米。\n天凉再浅一点。"), ("user", "谢谢"), ("assistant", "不客气 🦀")],
    [("user", "?\n\n"), ("assistant", "  \ttwo\n\nlines  ")],
    [("user", "é ö"), ("assistant", '{"a": [1, "<b>"]}')],
]
OWN = {
    "own chatml": "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' }}{% if m.role == 'assistant' %}{% generation %}{{ m.content + '<|im_end|>' }}{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ m.content + '<|im_end|>\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "own instructions": "{{ bos_token }}{% for m in messages if m.role != 'system' %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'].strip() + ' [/INST]' }}"
    "{% else %}{% generation %}{{ ' ' + m['content'].strip() + eos_token }}{% endgeneration %}{% endif %}{% endfor %}",
    "own alternation": "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "{{ '<start_of_turn>' + m.role + '\n' }}{% generation %}{{ m.content | trim }}<end_of_turn>{% endgeneration %}\n{% endfor %}",
    "own fields": "{%- for m in messages %}\n  {%- if loop.first and m.role == 'system' %}{{ m | tojson }}{% elif m.role == 'user' %}{{ m.content.replace('\\n', ' ').split(' ')[0] | upper }}\n"
    "  {%- else %}{% generation %}{{ m.content.lstrip() }}{{ eos_token }}{% endgeneration %}{% endif %}\n{%- endfor %}",
}
# Where the two differ by intention, and why.
DAY = "its text depends on the day, which a corpus must not"
THOUGHT = "the twin counts the marks of an empty thought, which nobody said"
EXPECTED = {
    **dict.fromkeys(["llama3_2", "gptoss", "gptoss_training", "muse_glimmer", "muse_glimmer_training"], DAY),
    **dict.fromkeys(["nemotron_3_5_lightning", "nemotron_3_nano", "nemotron_3_super", "nemotron_3_ultra", "qwen3_8"], THOUGHT),
    **dict.fromkeys(["deepseek_r1_distill", "deepseekv3"], "the twin counts the mark that opens an answer"),
    **dict.fromkeys(["phi3", "phi3_5"], "the twin counts the end of the text behind the last answer's own end"),
}


def special(template):
    found = set(re.findall(r"<[|｜/]?[^<>\s\"'{}()=]{1,40}[|｜]?>|\[/?INST\]", template))
    return ["<unk>", "<s>", "</s>"] + sorted(found - {"<unk>", "<s>", "</s>"})


def tokenizer(template, twin, folder):
    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer, learnt.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    names = special(template + twin)
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=names, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    learnt.train_from_iterator([content for said in MESSAGES for _, content in said] * 3, trainer)
    learnt.save(f"{folder}/tokenizer.json")
    config = {"chat_template": template, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
    whole = PreTrainedTokenizerFast(tokenizer_file=f"{folder}/tokenizer.json", bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    whole.chat_template = template
    return whole


def theirs(whole, marked):
    for said in MESSAGES:
        messages = [{"role": role, "content": content} for role, content in said]
        try:
            made = whole.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=marked)
            yield list(made["input_ids"]), list(made["assistant_masks"]) if marked else None
        except Exception as refused:
            yield None, str(refused)


def ours(binary, folder):
    rows = "".join(json.dumps({"messages": [{"role": role, "content": content} for role, content in said]}) + "\n" for said in MESSAGES)
    pathlib.Path(folder, "in.jsonl").write_text(rows)
    toml = f"""[run]\noutput = "{folder}/out"\n[source]\nuse = "chat"\npath = "{folder}/in.jsonl"\n[[stage]]\nuse = "chat_template"\ntokenizer = "{folder}/tokenizer.json"
template = "{folder}/tokenizer_config.json"\n[[sink]]\nuse = "shards"\nmask = true\n"""
    pathlib.Path(folder, "p.toml").write_text(toml)
    done = subprocess.run([binary, "run", f"{folder}/p.toml", "--quiet"], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[0]
    found = {}
    manifest = json.load(open(f"{folder}/out/shards/manifest.json"))
    for part in manifest["parts"]:
        ids = np.fromfile(f"{folder}/out/shards/{part['payload']['name']}", "<u2").tolist()
        mask = np.fromfile(f"{folder}/out/shards/{part['mask']['name']}", "u1").tolist()
        docs = pa.ipc.open_file(f"{folder}/out/shards/{part['docs']['name']}").read_all()
        ends = docs["end"].to_pylist()
        for at, start, end in zip(docs["ordinal"].to_pylist(), [0] + ends, ends):
            found[at] = ids[start:end], mask[start:end]
    return found


def within(whole, ids, mask):
    """The mask without white space at the ends of answers."""
    mask = list(mask)
    for places in (range(len(ids)), reversed(range(len(ids)))):
        edge = True
        for place in places:
            if mask[place] and edge and not whole.decode([ids[place]]).strip():
                mask[place] = 0
            edge = not mask[place]
    return mask


def main(binary, work):
    shutil.rmtree(work, ignore_errors=True)
    trl = pathlib.Path(importlib.util.find_spec("trl").origin).parent / "chat_templates"
    templates = OWN | {path.stem: path.read_text() for path in sorted(trl.glob("*.jinja"))}
    tally, bad = dict.fromkeys(["equal", "unequal", "refused here", "refused by transformers"], 0), 0
    for number, (name, template) in enumerate(templates.items()):
        folder = f"{work}/{number}"
        os.makedirs(folder)
        # With the tokens of the twin, so that both have one vocabulary.
        twin = templates.get(f"{name}_training", "")
        marked = "generation %}" in template or "generation -%}" in template
        whole = tokenizer(template, twin, folder)
        wanted, found = list(theirs(whole, marked)), ours(binary, folder)
        if all(ids is None for ids, _ in wanted):
            tally["refused by transformers"] += 1
            print(f"{name}: transformers refuses it: {wanted[0][1]}")
            continue
        if isinstance(found, str):
            tally["refused here"] += 1
            print(f"{name}: refused: {found}")
            continue
        masks, held = [mask for _, mask in wanted], marked
        if not marked and twin:
            whole.chat_template = twin
            other = list(theirs(whole, True))
            held = all(mine[0] == ids for (ids, _), mine in zip(wanted, other))
            masks = [mask for _, mask in other]
        faults = []
        for at, ((ids, _), mask) in enumerate(zip(wanted, masks)):
            mine = found.get(at)
            if (ids is None) != (mine is None):
                faults.append(f"{at}: refused {'there' if ids is None else 'here'} alone")
                continue
            if ids is not None and mine[0] != ids:
                faults.append(f"{at}: ids differ")
                continue
            if ids is None or not held:
                continue
            if not marked:
                mine, mask = (mine[0], within(whole, ids, mine[1])), within(whole, ids, mask)
            if mine[1] != mask:
                edge = next(place for place, (a, b) in enumerate(zip(mine[1], mask)) if a != b)
                around = [whole.decode(ids[edge + by : edge + by + 1]) for by in range(-3, 4) if 0 <= edge + by < len(ids)]
                faults.append(f"{at}: masks differ, first at token {edge} ({mine[1][edge]} here) in the middle of {around}")
        tally["unequal" if faults else "equal"] += 1
        bad += bool(faults) and name not in EXPECTED
        if faults and name in EXPECTED:
            faults = [f"unequal by intention: {EXPECTED[name]}"]
        print(f"{name}: {'; '.join(faults) if faults else 'equal'}{'' if held else ', ids alone'}")
    print(tally)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
