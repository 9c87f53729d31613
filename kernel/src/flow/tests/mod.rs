mod agent;
mod person;
