"""The referee: exams, verdicts and what they mean."""
