/// What people write in tickets: invented, by board.
package enum Phrases {
    /// Summaries by the number of the board, from 0.
    package static let summaries: [[String]] = [
        [
            "Outlook keeps asking for the password", "Printer on the second floor prints blank pages",
            "New starter needs an account by Monday", "Shared drive is missing after the update",
            "Laptop will not wake from sleep", "Excel crashes when opening the budget workbook",
            "Cannot open PDF attachments from the scanner", "Second monitor flickers since this morning",
            "Mailbox is full, cannot send", "Password reset for reception account",
            "Calendar shared with me shows no details",
            "Teams microphone is muted in every call", "Label printer offline at the front desk",
        ],
        [
            "Site-to-site VPN drops every afternoon", "Guest Wi-Fi is slow in the waiting room",
            "Switch in the rear closet unreachable", "Internet line down at the branch office",
            "DHCP scope is running out of addresses", "Firewall firmware is due",
            "Access point AP-04 restarts by itself", "Backup to the second site took 14 hours",
            "Server room temperature above 30 °C", "Disk space below 10 % on FS01",
        ],
        [
            "Suspicious sign-in from another country", "Phishing mail reported by accounting",
            "Endpoint agent is not reporting on 3 laptops", "Multi-factor prompt nobody asked for",
            "Quarterly access review is due", "Malware blocked on reception PC",
            "Former employee still has mailbox access",
        ],
        [
            "Desk phone shows \"no service\"", "Main number does not ring after 5 pm", "New direct number for Grace",
            "Calls drop after exactly 30 seconds", "Voicemail greeting needs the holiday text",
            "Headset is not found by the softphone", "Number port is stuck with the carrier",
        ],
        [
            "Move the office to the new building", "Migrate file server to the cloud", "Replace 14 workstations",
            "Roll out password manager", "Set up the meeting room on floor 3", "Retire the old accounting server",
        ],
    ]

    /// How customers describe something new.
    package static let firstWords = [
        "Since this morning. It worked fine yesterday, and we changed nothing that I know of.",
        "It affects the whole office, about twelve people. Can somebody look at it soon?",
        "Only on my machine; my colleague next to me has no trouble.",
        "No hurry, but I would like to have it done before the end of the week.",
        "Please call me on my mobile, I am at the front desk until noon.",
        "It comes and goes. When it happens, everything freezes for a minute.",
    ]

    /// How customers answer.
    package static let fromCustomers = [
        "It started again after lunch, the same message as before.",
        "That worked, thank you! One more question though…",
        "Any news? Two of my colleagues have the same problem now.",
        "I am out of the office tomorrow, please call Marcus instead.",
        "I have attached the screenshot you asked for.", "It is quite urgent: we send the invoices today.",
        "Restarted twice as you said, no change.", "All good since this morning. You can close this.",
    ]

    /// What engineers write to customers.
    package static let fromEngineers = [
        "Called the customer and collected the details. Looking into it now.",
        "Cleared the cached credentials and signed in again; asked the user to watch it today.",
        "Found the cause: the certificate expired last night. Renewing it.",
        "Remote session done. Updated the driver and restarted the spooler.",
        "Waiting for the carrier to confirm the window, probably Thursday 07:00.",
        "Replaced the patch cable; the link has been stable for an hour.",
        "Restored the folder from last night's backup.", "Settings pushed to all affected devices. Please test.",
    ]

    /// What engineers write to each other.
    package static let internalNotes = [
        "Customer is on the premium plan: keep them posted every hour.",
        "Same symptom as last month, see the firewall log.",
        "Ask Petr before touching the core switch.", "Licence count is at the limit, order two more.",
        "Looks like user error, but be kind about it.", "If it happens again, swap the device instead of repairing it.",
    ]

    /// What engineers write when they log time.
    package static let timeTexts = [
        "Remote session with the user, fixed and tested.", "On site: replaced the device and tidied the cabling.",
        "Analysed the logs and opened a case with the vendor.", "Configured and documented the change.",
        "Phone call with the customer, agreed next steps.",
    ]
}
