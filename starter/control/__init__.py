"""What operators do to executions: signals, resumes, answers; foreseen, sent, answered."""
