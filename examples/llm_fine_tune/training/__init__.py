"""Fine-tuning of a language model: `python3 -m training`."""
