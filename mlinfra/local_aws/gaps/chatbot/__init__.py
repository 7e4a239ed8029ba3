"""Gaps of AWS Chatbot."""
