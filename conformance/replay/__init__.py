"""What was written down is used again: sent to a second device, or judged by the rules of today.

transcripts → recording → stand_ins → regrade
transcripts → nature → devices → resend
"""
