import API
import Accounts
import BoundaryText
import Database
import Foundation
import HTTPTypes
import Hummingbird
import WebSupport

/// Changing your own password.
enum PasswordChange {
    static let fields = [
        Field("present", "Current password", .password, autocomplete: "current-password", focused: true),
        Field(
            "new", "New password", .password, help: "At least 12 characters. Several words work best.",
            autocomplete: "new-password"),
        Field("repeated", "New password again", .password, autocomplete: "new-password"),
    ]

    static func perform(
        _ entries: Entries, _ live: LiveSignIn, _ signIn: PasswordSignIn, _ visitor: Visitor
    ) async throws -> SignInToken {
        guard entries["new"] == entries["repeated"] else {
            throw Problem.invalid([.init(field: "repeated", code: "mismatch", message: "does not match.")])
        }
        do {
            return try await signIn.changePassword(
                from: entries["present"] ?? "", to: entries["new"] ?? "", in: live, visitor: visitor)
        } catch let objection as PasswordObjection {
            throw Problem.invalid([.init(field: "new", code: "too_weak", message: "\(objection.reason).")])
        } catch PasswordSignIn.Refusal.wrongCredentials {
            throw Problem.invalid([.init(field: "present", code: "incorrect", message: "is wrong.")])
        } catch let refusal as PasswordSignIn.Refusal {
            throw Problem(refusal.status, code: "rate_limited", title: "Try again later", detail: refusal.words)
        }
    }
}

/// Setting up your own second factor.
enum SecondFactorSetUp {
    static let codesLead =
        "Use each code once to sign in without your phone. Store them in a safe place; they are not shown again."
    static let wrongCode = Problem.invalid([
        .init(field: "code", code: "incorrect", message: "is wrong. Check that your phone sets its time automatically.")
    ])

    static func blocks(
        _ secondFactor: SecondFactor, _ live: LiveSignIn, action: String, problem: Problem?
    ) async throws -> [Block] {
        guard let offer = try await secondFactor.offer(to: live.user, email: live.email) else {
            return [.notice(.info, nil, "You already have a second factor.")]
        }
        let form = Form(
            action: action,
            fields: [
                Field("code", "Code from the app", .code, autocomplete: "one-time-code", focused: true)
            ], submit: "Enable second factor", problem: problem, isCard: false)
        return [
            .text("Scan this code with an authenticator app, then enter the six digits it shows.", style: "section"),
            Block("qr", ["svg": QRCode.svg(offer.uri) ?? "", "secret": offer.secret]), form.block,
        ]
    }
}

func accountPages(_ accounts: AccountsFeature) -> [PageRoute] {
    [
        .get("/account", .viewer) { visit in try await accountPage(visit, accounts) },
        .post("/account/password", .viewer) { visit in
            do {
                let token = try await PasswordChange.perform(
                    visit.entries, visit.live, accounts.passwordSignIn, visit.visitor)
                return .signedIn(token, "/account", "Password changed. All other browsers were signed out.")
            } catch let problem as Problem {
                var page = try await accountPage(visit, accounts, passwordProblem: problem)
                page.status = problem.status
                return .page(page)
            }
        },
        .get("/account/second-factor", .viewer) { visit in
            Page(
                title: "Set up a second factor", crumb: ("Your account", "/account"),
                blocks: [
                    .card(
                        "Authenticator app",
                        try await SecondFactorSetUp.blocks(
                            accounts.secondFactor, visit.live, action: "/account/second-factor", problem: nil))
                ])
        },
        .post("/account/second-factor", .viewer) { visit in
            let codes = try await accounts.secondFactor.confirm(
                visit.entries["code"] ?? "", by: visit.actor, of: visit.principal)
            guard let codes else {
                let blocks = try await SecondFactorSetUp.blocks(
                    accounts.secondFactor, visit.live, action: "/account/second-factor",
                    problem: SecondFactorSetUp.wrongCode)
                return .page(
                    Page(
                        title: "Set up a second factor", crumb: ("Your account", "/account"),
                        blocks: [.card("Authenticator app", blocks)], status: .unprocessableContent))
            }
            return .page(codesPage(codes))
        },
        .post("/account/sign-ins/{id}/end", .viewer) { visit in
            guard let id = SignIn.ID(try visit.parameter()),
                try await accounts.signIns.end(
                    id, of: visit.live.user, by: visit.actor, organization: visit.live.home)
            else { throw Problem.notFound("sign-in") }
            return .redirect("/account", "That browser was signed out.")
        },
        .post("/account/sign-in/extend", .viewer) { visit in
            let ends = try await accounts.signIns.touch(visit.live.id)
            return .response(.json(["ends_at": ends]))
        },
        .post("/organizations/{id}/visit", .superAdmin) { visit in
            guard let id = Organization.ID(try visit.parameter()),
                let organization = try await accounts.organizations.find(id)
            else { throw Problem.notFound("organization") }
            try await accounts.signIns.visit(id, in: visit.live.id)
            return .redirect("/", "You are viewing \(organization.name).")
        },
        .post("/organizations/home", .viewer) { visit in
            try await accounts.signIns.visit(nil, in: visit.live.id)
            return .redirect("/", nil)
        },
    ] + recoveryCodePages(accounts)
}

/// New recovery codes. They open the account, so a sign-in left open must not be enough.
private func recoveryCodePages(_ accounts: AccountsFeature) -> [PageRoute] {
    PageRoute.form("/account/recovery-codes", .viewer) { visit, _, problem in
        Page(
            title: "New recovery codes", lead: "The old codes stop working.", crumb: ("Your account", "/account"),
            blocks: visit.live.hasSecondFactor
                ? [
                    Form(
                        action: "/account/recovery-codes",
                        fields: [
                            Field(
                                "password", "Password", .password, autocomplete: "current-password", focused: true)
                        ], submit: "Create recovery codes", cancel: "/account", problem: problem
                    ).block
                ] : [.notice(.info, nil, "You do not have a second factor.")])
    } send: { visit in
        guard visit.live.hasSecondFactor else { return .redirect("/account") }
        do {
            return .page(
                codesPage(
                    try await accounts.passwordSignIn.renewRecoveryCodes(
                        for: visit.entries["password"] ?? "", in: visit.live, visitor: visit.visitor)))
        } catch PasswordSignIn.Refusal.wrongCredentials {
            throw Problem.invalid([.init(field: "password", code: "incorrect", message: "is wrong.")])
        } catch let refusal as PasswordSignIn.Refusal {
            throw Problem(refusal.status, code: "rate_limited", title: "Try again later", detail: refusal.words)
        }
    }
}

private func codesPage(_ codes: [String]) -> Page {
    Page(
        title: "Recovery codes", lead: SecondFactorSetUp.codesLead, crumb: ("Your account", "/account"),
        blocks: [.card("Ten codes", [Block("codes", ["codes": codes, "doneHref": "/account"])])])
}

private func accountPage(_ visit: Visit, _ accounts: AccountsFeature, passwordProblem: Problem? = nil) async throws
    -> Page
{
    let live = visit.live
    let signIns = try await accounts.signIns.list(of: live.user)
    let left = try await accounts.secondFactor.recoveryCodesLeft(of: live.user)
    let secondFactor: [Block] =
        live.hasSecondFactor
        ? [
            .facts([
                ("State", .badge(Badge(.good, "set up"))),
                ("Recovery codes", left < 3 ? .badge(Badge(.warning, "\(left) left")) : .text("\(left) left")),
            ]),
            .actions([
                .link("New recovery codes", "/account/recovery-codes")
            ]),
        ]
        : [
            .text(
                "A code from your phone in addition to your password. Without it, anyone who knows your password can sign in as you.",
                style: "section muted"),
            .actions([.link("Set up second factor", "/account/second-factor", style: "is-primary")]),
        ]
    let rows = signIns.map { signIn -> [Cell] in
        let isThis = signIn.id == live.id
        return [
            .main(Browser.name(signIn.agent), sub: signIn.address), .when(signIn.createdAt, exact: true),
            .when(signIn.lastSeenAt),
            isThis
                ? .badge(Badge(.good, "this browser"))
                : .actions([
                    .post(
                        "Sign out", "/account/sign-ins/\(signIn.id)/end", style: "is-small",
                        about: "browser at \(signIn.address ?? "an unknown address")")
                ]),
        ]
    }
    var blocks: [Block] = [
        .card(
            "You",
            [
                .facts([
                    ("Name", .text(live.name)), ("E-mail", .text(live.email)), ("Role", .text(live.role.label)),
                    ("Signed in", .text(live.method == .password ? "with a password" : "through an identity provider")),
                ])
            ])
    ]
    if live.method == .password {
        blocks.append(.card("Second factor", secondFactor))
        blocks.append(
            Form(
                title: "Password", action: "/account/password",
                fields: PasswordChange.fields.map { field in
                    var field = field
                    field.isFocused = false
                    return field
                }, submit: "Change password", problem: passwordProblem
            ).block)
    }
    blocks.append(
        Table(
            caption: "Your sign-ins", title: "Your sign-ins",
            columns: ["Browser", "Signed in", "Last used", .hidden("Actions")], rows: rows
        ).block)
    return Page(title: "Your account", blocks: blocks)
}

/// The browser's name in what it says about itself.
enum Browser {
    static func name(_ agent: String?) -> String {
        guard let agent else { return "Unknown browser" }
        let browsers = [
            ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
        ]
        let systems = [
            ("Windows", "Windows"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ]
        let browser = browsers.first { agent.utf8.contains($0.0) }?.1 ?? "Another browser"
        return systems.first { agent.utf8.contains($0.0) }.map { "\(browser) on \($0.1)" } ?? browser
    }
}
