"""Real money: what buyers pay for tokens, and what artists are paid for them.

``app/services/payment_service.py`` is the door for purchases. Providers are behind ``gateways``.
"""
