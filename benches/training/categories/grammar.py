"""Draws sentences from the grammars en.txt and zh.txt."""

import re


class Grammar:
    """One grammar; `lists` fills the names in capitals."""

    def __init__(self, path, lists, rng):
        self.names, self.sentences, self.rng = dict(lists), {}, rng
        self.spaced = path.stem == "en"
        label = None
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                label = line.strip("[]")
                self.sentences[label] = []
            elif label:
                self.sentences[label].append(line)
            elif line and not line.startswith("#"):
                name, _, choices = line.partition(": ")
                self.names[name] = [choice.strip() for choice in choices.split("|")]

    def fill(self, sentence):
        while "<" in sentence:
            sentence, count = re.subn(r"<(\w+)>", lambda found: self.rng.choice(self.names[found[1]]), sentence)
            if count == 0:
                break
        return sentence

    def text(self, label):
        """One to six sentences, now and then shouted or without marks, as people write."""
        count = self.rng.choice([1, 1, 2, 2, 3, 4, 6])
        sentences = [self.fill(sentence) for sentence in self.rng.sample(self.sentences[label], min(count, len(self.sentences[label])))]
        text = self.rng.choice([" ", " ", "\n"] if self.spaced else ["", "", "\n", " "]).join(sentences)
        way = self.rng.random()
        if self.spaced and way < 0.12:
            text = text.lower()
        elif self.spaced and way < 0.15:
            text = text.upper()
        elif way < 0.25:
            text = re.sub(r"[.,!?，。！？、]", " ", text)
        return text
