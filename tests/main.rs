//! All integration tests, in one binary so that they share one link.

mod suite {
    mod bad_input;
    mod bucket;
    mod check;
    mod chinese;
    mod classifier;
    mod cluster;
    mod conversations;
    mod fine_tuning;
    mod golden;
    mod happy_llm;
    mod hardship;
    mod html_mutations;
    mod hub;
    mod installation;
    mod language_model;
    mod languages;
    mod layering;
    mod lint;
    mod look;
    mod messages;
    mod near;
    mod own_stage;
    mod passages;
    mod published;
    mod python;
    mod quickstart;
    mod readme;
    mod recipes;
    mod resume;
    mod shards;
    mod spoken;
    mod stores;
    mod support;
    mod token_ids;
    mod trainer;
    mod url_mutations;
    mod verbs;
    mod verdict;
}
