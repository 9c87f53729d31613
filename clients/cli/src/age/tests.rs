//! What the `age` program wrote is opened here, and what is written here holds.

use super::*;
use expect_test::expect;

/// A key, whom it is of, and a file for that one, made by another implementation (rage), with a stanza that means nothing.
const IDENTITY: &str = "AGE-SECRET-KEY-1XW3UF7SNG6F79J7ATMULA4YA4EXRJWXX6YFMG7LRZXG5GY6QYE6QND63RQ";
const RECIPIENT: &str = "age1jeg63htq9h7lepw7fk9wrpsmclpk2uzyrjze63x3c23evw07gapqlgj4sw";
const FOR_RECIPIENT: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA4MUxGNlVNaFRjQ0kxYTNj
aXhaV2RNSDB4Nkt4dld4R1JRbmloM0dTU0I4Ck1ablpDTTY3Um5ObVRlVkU2TGFS
Q01kbC9qNktjNUJ3QnZZTnF0QzIzLzgKLT4gdFtgNS1ncmVhc2UgZFtqcCxLWUMg
Wnc7JV4ueicgVWdlMkEKQjZCWAotLS0gTkM3UUppVWVheU05UzZHRjRpYzdaTTB0
dmdKRnU1OWdhUFZsODRGLzY2OArywoYJEKU1mCdRaZpiiBEfX5Km8fpcmO1Tiadh
fD3YorGK77ZUQscxUxdtnt6GzmREsQ6YGBkh6XFb+LLJr6wX
-----END AGE ENCRYPTED FILE-----
";

/// A file of the same implementation for whoever knows `correct horse`.
const FOR_PASSPHRASE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBGK2dQNitCYlBtTEIvS3k5
Wm9DMklBIDEwCnMycEFLMHRPM3YwMnZEcEx5WW93OWxpK3h4RThDVmIwUDVWUGNW
eXQwNWcKLS0tIEZmN01wL3lpVE1ONzFkMUdFbWE3RHNqNkdGMGNNeUx0TEJ0eHpv
dWZ6QXcK5T/U9U0bZ0ZG7bGKzSpQ5kiM5ZPor6DkO/si+AZLTB80GUsxoKwR6DDF
2WBCtZwmXwOeq/WTaEo7hl/4RRYuHQ==
-----END AGE ENCRYPTED FILE-----
";

fn passphrase(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn identity() -> With {
    With::Identities(vec![IDENTITY.parse().unwrap()])
}

fn random() -> Option<[u8; 32]> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok().map(|()| random)
}

#[test]
fn what_another_implementation_wrote_is_opened() {
    assert_eq!(needs(FOR_RECIPIENT), Ok(Needs::Identity));
    assert_eq!(open(FOR_RECIPIENT, &identity()).unwrap().as_slice(), [7; 32]);
    assert_eq!(needs(FOR_PASSPHRASE), Ok(Needs::Passphrase));
    let opened = open(FOR_PASSPHRASE, &With::Passphrase(passphrase("correct horse")));
    assert_eq!(opened.unwrap().as_slice(), [7; 32]);
}

#[test]
fn keys_are_written_as_others_write_them() {
    let identity: Identity = IDENTITY.parse().unwrap();
    assert_eq!(identity.recipient().to_string(), RECIPIENT);
    assert_eq!(RECIPIENT.parse::<Recipient>(), Ok(identity.recipient()));
    let file = format!("# created: today\n\n{IDENTITY}\n");
    assert_eq!(Identity::all(&file).unwrap()[0].recipient(), identity.recipient());
    let mistyped = RECIPIENT.replace("jeg", "jge");
    let cut = RECIPIENT.trim_end_matches("sw");
    for bad in ["", "age1", IDENTITY, mistyped.as_str(), cut] {
        assert!(bad.parse::<Recipient>().is_err(), "{bad}");
    }
    let wrong = Identity::all("# a comment\nnot a key").unwrap_err();
    expect!["line 2: an identity is written as AGE-SECRET-KEY-1… and 58 characters more"].assert_eq(&wrong);
    assert!(Identity::all("# only this").is_err());
    assert_eq!(format!("{identity:?}"), "Identity");
}

#[test]
fn each_recipient_opens_what_is_for_several_and_nobody_else_does() {
    let others: Vec<Identity> = (1..4).map(|nth| Identity([nth; 32].into())).collect();
    let whom = For::Recipients(others[..2].iter().map(Identity::recipient).collect());
    let file = seal(b"the secret", &whom, &random).unwrap();
    for (nth, identity) in others.into_iter().enumerate() {
        let opened = open(&file, &With::Identities(vec![identity]));
        if nth < 2 {
            assert_eq!(opened.unwrap().as_slice(), b"the secret");
        } else {
            assert_eq!(opened, Err(Unopened::Foreign));
        }
    }
    assert_eq!(open(&file, &With::Passphrase(passphrase("a"))), Err(Unopened::Foreign));
}

#[test]
fn whoever_knows_the_passphrase_opens_it_and_nobody_else_does() {
    let file = seal(&[9; 32], &For::Passphrase(passphrase("one that is long")), &random).unwrap();
    let opened = open(&file, &With::Passphrase(passphrase("one that is long")));
    assert_eq!(opened.unwrap().as_slice(), [9; 32]);
    assert_eq!(open(&file, &With::Passphrase(passphrase("another one"))), Err(Unopened::Foreign));
    assert_eq!(open(&file, &identity()), Err(Unopened::Foreign));
}

#[test]
fn no_altered_file_opens() {
    let file = seal(&[9; 32], &For::Recipients(vec![RECIPIENT.parse().unwrap()]), &random).unwrap();
    let bytes = armor::off(&file).unwrap();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        assert!(open(&armor::on(&altered), &identity()).is_err(), "byte {at}");
        assert!(open(&armor::on(&bytes[..at]), &identity()).is_err(), "cut at {at}");
    }
}

#[test]
fn nobody_is_made_to_work_for_ever() {
    let bytes = armor::off(FOR_PASSPHRASE).unwrap();
    for (work, why) in [("21", Unopened::TooMuchWork), ("0", Unopened::Malformed), ("010", Unopened::Malformed)] {
        let at = bytes.windows(4).position(|window| window == b" 10\n").unwrap();
        let altered = [&bytes[..=at], work.as_bytes(), &bytes[at + 3..]].concat();
        let opened = open(&armor::on(&altered), &With::Passphrase(passphrase("correct horse")));
        assert_eq!(opened, Err(why), "{work}");
    }
}
