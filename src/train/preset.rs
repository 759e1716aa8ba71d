//! Published shapes at any size, each with the objective that it was published with.

use serde::{Deserialize, Serialize};

use super::config::{Activation, ModelConfig, Norm, Placement, Position};
use super::objective::Objective;

/// Published shapes, scaled down by layers, heads and width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// GPT-2: learned positions, LayerNorm before each part, GELU, biases, the output table is the embedding.
    Gpt,
    /// Llama: rotary positions, RMSNorm, SwiGLU, no biases, an output table of its own; two heads share keys and values, as in its larger models.
    Llama,
    /// BERT: learned positions and parts, LayerNorm behind each part, GELU, a transform before the output table.
    Bert,
    /// RoBERTa: BERT without parts.
    Roberta,
    /// ALBERT: BERT with one layer used over and over, and an embedding of half the width.
    Albert,
    /// T5 (1.0): an encoder and a decoder, relative positions, RMSNorm before each part, ReLU, no biases, the output table is the embedding.
    T5,
    /// GLM: GPT-2 with a second position, that within a span.
    Glm,
    /// BLOOM: GPT-2 with ALiBi's biases by distance in the place of positions, and a norm over the embedding.
    Bloom,
    /// ELMo's two language models of LSTM layers, one in each direction, over one embedding and one output table; norms stand before the layers.
    Elmo,
    /// The Transformer of 2017: an encoder and a decoder, sinusoidal positions, LayerNorm behind each part, ReLU, biases.
    Transformer,
}

impl Preset {
    /// Every preset with its name.
    pub const NAMES: [(&str, Self); 10] = [
        ("gpt", Self::Gpt),
        ("llama", Self::Llama),
        ("bert", Self::Bert),
        ("roberta", Self::Roberta),
        ("albert", Self::Albert),
        ("t5", Self::T5),
        ("glm", Self::Glm),
        ("bloom", Self::Bloom),
        ("elmo", Self::Elmo),
        ("transformer", Self::Transformer),
    ];

    /// What it was trained on. The Transformer of 2017 translated ([`Objective::Seq2seq`]): a text's end, given its beginning, stands for that where there is nothing to translate.
    pub fn objective(self) -> Objective {
        match self {
            Self::Gpt | Self::Llama | Self::Bloom => Objective::Causal,
            Self::Elmo => Objective::Bidirectional,
            Self::Bert => Objective::Nsp,
            Self::Roberta => Objective::Mlm,
            Self::Albert => Objective::Sop,
            Self::T5 => Objective::SpanCorruption,
            Self::Glm => Objective::BlankInfilling,
            Self::Transformer => Objective::PrefixLm,
        }
    }
}

impl ModelConfig {
    /// A preset at a size. The hidden width is 4 widths, or 8/3 of it rounded up to eights (`Llama`).
    pub fn preset(preset: Preset, vocab_size: usize, seq_len: usize, layers: usize, heads: usize, width: usize) -> Self {
        let gpt = Self {
            vocab_size,
            seq_len,
            layers,
            heads,
            kv_heads: heads,
            width,
            hidden: 4 * width,
            embedding: width,
            kinds: 0,
            classes: 0,
            norm: Norm::Layer,
            placement: Placement::Pre,
            position: Position::Learned,
            activation: Activation::Gelu,
            bias: true,
            tied: true,
            embedding_norm: false,
            transform: false,
            encoder: false,
            shared: false,
            recurrent: false,
        };
        let roberta = Self { placement: Placement::Post, embedding_norm: true, transform: true, ..gpt.clone() };
        match preset {
            Preset::Gpt => gpt,
            Preset::Llama => Self {
                kv_heads: if heads.is_multiple_of(2) { heads / 2 } else { heads },
                hidden: (8 * width).div_ceil(3).next_multiple_of(8),
                norm: Norm::Rms,
                position: Position::Rotary,
                activation: Activation::SwiGlu,
                bias: false,
                tied: false,
                ..gpt
            },
            Preset::Bert => Self { kinds: 2, ..roberta },
            Preset::Roberta => roberta,
            Preset::Albert => Self { kinds: 2, embedding: width.div_ceil(2), shared: true, ..roberta },
            Preset::T5 => Self { norm: Norm::Rms, position: Position::Relative, activation: Activation::Relu, bias: false, encoder: true, ..gpt },
            Preset::Glm => Self { kinds: seq_len, ..gpt },
            Preset::Bloom => Self { position: Position::Alibi, embedding_norm: true, ..gpt },
            Preset::Elmo => Self { position: Position::None, recurrent: true, ..gpt },
            Preset::Transformer => Self { placement: Placement::Post, position: Position::Sinusoidal, activation: Activation::Relu, encoder: true, ..gpt },
        }
    }
}
