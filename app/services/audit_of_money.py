"""The rules of what stands for money: pots, refunds of purchases, disputes and payouts.

Each query returns (row, problem) for every row that breaks a rule, as those of ``audit_service``.
"""

RULES_OF_MONEY = {
    "pots are what entries moved, and not negative": """
        WITH moved AS (
            SELECT COALESCE(sender_id, receiver_id) AS user_id, SUM(bought) AS bought,
                SUM(earned) AS earned
            FROM app_transaction WHERE bought <> 0 OR earned <> 0 GROUP BY 1
        )
        SELECT 'user ' || u.id,
               'has ' || u.bought_balance || ' bought and ' || u.earned_balance
                   || ' earned tokens, the ledger says ' || COALESCE(m.bought, 0) || ' and '
                   || COALESCE(m.earned, 0)
        FROM app_user u LEFT JOIN moved m ON m.user_id = u.id
        WHERE u.bought_balance <> COALESCE(m.bought, 0)
            OR u.earned_balance <> COALESCE(m.earned, 0)
            OR LEAST(u.bought_balance, u.earned_balance) < 0
        ORDER BY u.id""",
    "a picture was paid with no more than it cost": """
        SELECT 'generation ' || id,
               'cost ' || cost || ', of which ' || paid_bought || ' bought and ' || paid_earned
                   || ' earned'
        FROM app_generation WHERE paid_bought + paid_earned > cost ORDER BY id""",
    "of a sale, no more may be paid out than was paid with money": """
        SELECT 'generation ' || g.id,
               'earned ' || t.amount || ', of which ' || t.earned || ' may be paid out; paid with '
                   || COALESCE(g.paid_bought + g.paid_earned, 0) || ' of ' || g.cost
        FROM app_transaction t JOIN app_generation g ON g.id = t.generation_id
        WHERE t.type = 'earn' AND t.earned > (
            CASE WHEN g.user_id = t.receiver_id THEN 0
            ELSE t.amount::bigint * COALESCE(g.paid_bought + g.paid_earned, 0) / g.cost END)
        ORDER BY g.id""",
    "a payout was taken from its artist once, and given back if it failed": """
        SELECT 'payout ' || p.id,
               'is ' || p.status || ', amount ' || p.amount || '; entries: '
                   || COALESCE(STRING_AGG(t.type || ' ' || t.amount, ', ' ORDER BY t.id), 'none')
        FROM app_payout p LEFT JOIN app_transaction t ON t.payout_id = p.id
        GROUP BY p.id
        HAVING COUNT(*) FILTER (WHERE t.type = 'payout' AND t.amount = p.amount
                AND t.sender_id = p.artist_id AND t.earned = -p.amount) <> 1
            OR COUNT(*) FILTER (WHERE t.type = 'payout_ret' AND t.amount = p.amount
                AND t.receiver_id = p.artist_id AND t.earned = p.amount)
                <> CASE WHEN p.status IN ('failed', 'reversed') THEN 1 ELSE 0 END
            OR COUNT(t.id) > 2
        ORDER BY p.id""",
    "a refund of a purchase was taken from its buyer, or the platform, and back if it failed": """
        SELECT 'refund ' || r.id,
               'is ' || r.status || ', amount ' || r.amount || ', lost ' || r.lost || '; entries: '
                   || COALESCE(STRING_AGG(t.type || ' ' || t.amount, ', ' ORDER BY t.id), 'none')
        FROM app_purchaserefund r
        JOIN app_purchase p ON p.id = r.purchase_id
        LEFT JOIN app_transaction t ON t.purchase_refund_id = r.id
        GROUP BY r.id, p.user_id
        HAVING COUNT(*) FILTER (WHERE t.type = 'refund_out' AND t.amount = r.amount
                AND t.sender_id = p.user_id) <> (r.amount > 0)::int
            OR COUNT(*) FILTER (WHERE t.type = 'refund_ret' AND t.amount = r.amount
                AND t.receiver_id = p.user_id)
                <> (r.amount > 0 AND r.status IN ('failed', 'reversed'))::int
            OR COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'loss'), 0) <> r.lost
            OR COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'loss_ret'), 0)
                <> CASE WHEN r.status IN ('failed', 'reversed') THEN r.lost ELSE 0 END
            OR COUNT(t.id) FILTER (WHERE t.type LIKE 'refund%%') > 2
        ORDER BY r.id""",
    "a purchase knows what of it was refunded": """
        SELECT 'purchase ' || p.id,
               'says ' || p.refunded_amount || ' refunded, its refunds are '
                   || COALESCE(SUM(r.amount + r.lost), 0)
        FROM app_purchase p
        LEFT JOIN app_purchaserefund r ON r.purchase_id = p.id
            AND r.status NOT IN ('failed', 'reversed')
        GROUP BY p.id HAVING p.refunded_amount <> COALESCE(SUM(r.amount + r.lost), 0)
        ORDER BY p.id""",
    "a dispute took back what it says; if it was lost, the platform bears the rest": """
        SELECT 'dispute ' || d.id,
               'is ' || d.status || ' of ' || d.amount || ', took ' || d.taken || '; entries: '
                   || COALESCE(STRING_AGG(t.type || ' ' || t.amount, ', ' ORDER BY t.id), 'none')
        FROM app_dispute d
        JOIN app_purchase p ON p.id = d.purchase_id
        LEFT JOIN app_transaction t ON t.dispute_id = d.id
        GROUP BY d.id, p.user_id
        HAVING COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'chargeback'
                AND t.sender_id = p.user_id), 0) <> d.taken
            OR COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'charge_ret'
                AND t.receiver_id = p.user_id), 0)
                <> CASE WHEN d.status = 'won' THEN d.taken ELSE 0 END
            OR COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'loss'), 0)
                - COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'loss_ret'), 0)
                <> CASE WHEN d.status = 'lost' THEN d.amount - d.taken ELSE 0 END
        ORDER BY d.id""",
    "a gateway's account is its paid purchases less refunds and disputes": """
        WITH booked AS (
            SELECT account, -SUM(amount) AS total FROM app_ledgerline
            WHERE account LIKE 'gateway:%%' GROUP BY account
        ), moved AS (
            SELECT p.gateway, p.amount FROM app_purchase p
            WHERE p.status NOT IN ('pending', 'expired', 'failed')
            UNION ALL
            SELECT p.gateway, -r.amount - r.lost FROM app_purchaserefund r
            JOIN app_purchase p ON p.id = r.purchase_id
            WHERE r.status NOT IN ('failed', 'reversed')
            UNION ALL
            SELECT p.gateway,
                -CASE d.status WHEN 'won' THEN 0 WHEN 'lost' THEN d.amount ELSE d.taken END
            FROM app_dispute d JOIN app_purchase p ON p.id = d.purchase_id
        ), known AS (
            SELECT 'gateway:' || gateway AS account, SUM(amount) AS total FROM moved GROUP BY 1
        )
        SELECT account,
               'should be ' || COALESCE(known.total, 0) || ', the ledger says '
                   || COALESCE(booked.total, 0)
        FROM booked FULL JOIN known USING (account)
        WHERE COALESCE(known.total, 0) <> COALESCE(booked.total, 0)
            AND NOT (account = 'gateway:test' AND known.total IS NULL) ORDER BY account""",
    "what an artist was paid is their payouts that did not come back": """
        WITH booked AS (
            SELECT account, SUM(amount) AS total FROM app_ledgerline
            WHERE account LIKE 'payable:%%' GROUP BY account
        ), known AS (
            SELECT 'payable:' || artist_id AS account, SUM(amount) AS total FROM app_payout
            WHERE status NOT IN ('failed', 'reversed') GROUP BY 1
        )
        SELECT account,
               'should be ' || COALESCE(known.total, 0) || ', the ledger says '
                   || COALESCE(booked.total, 0)
        FROM booked FULL JOIN known USING (account)
        WHERE COALESCE(known.total, 0) <> COALESCE(booked.total, 0) ORDER BY account""",
}
