//! Puts an object and lists the bucket; everything about credentials comes from the pod's environment.
use std::{env, error::Error};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let (bucket, key) = (env::var("BUCKET")?, env::var("KEY")?);
    let client = aws_sdk_s3::Client::new(&aws_config::load_from_env().await);
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"put by Rust");
    client.put_object().bucket(&bucket).key(&key).body(body).send().await?;
    let found = client.list_objects_v2().bucket(&bucket).send().await?;
    let keys: Vec<_> = found.contents().iter().filter_map(|item| item.key()).collect();
    println!("{}", serde_json::json!({ "keys": keys }));
    Ok(())
}
